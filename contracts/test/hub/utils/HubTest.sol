// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IHub} from "../../../src/hub/IHub.sol";
import {IMessageService} from "../../../src/mos/interfaces/IMessageService.sol";
import {Moody} from "../../mos/utils/Receivers.sol";
import {Test} from "../../utils/Test.sol";
import {World} from "./World.sol";

/// @notice A world, and an application on its chain B.
abstract contract HubTest is Test {
    uint256 internal constant A = 11;
    uint256 internal constant H = 22;
    uint256 internal constant B = 33;
    uint256 internal constant C = 44;
    uint256 internal constant GAS_LIMIT = 300_000;
    address internal constant USER = address(0x5e4d);
    address internal constant HEIR = address(0x4e14);

    World internal world;
    IHub internal hub;
    Moody internal app;

    function setUp() public virtual {
        world = new World();
        hub = world.hub();
        app = new Moody();
        app.setFailing(false);
    }

    /// @dev `USER` sends from A to the application on B.
    function send() internal returns (World.Sent memory) {
        return world.send(A, B, USER, plain());
    }

    function plain() internal view returns (bytes memory) {
        return world.encode(false, address(app), "hello", GAS_LIMIT);
    }

    function assertOutcome(World.Sent memory sent, IMessageService.Outcome expected) internal view {
        vm.assertEq(uint256(world.mosOf(B).outcome(A, sent.orderId)), uint256(expected), "outcome");
    }

    function none() internal pure returns (bytes[] memory) {
        return new bytes[](0);
    }
}
