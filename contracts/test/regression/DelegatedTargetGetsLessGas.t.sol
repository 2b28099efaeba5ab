// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMOSV3} from "../../src/mos/interfaces/IMOSV3.sol";
import {HubTest} from "../hub/utils/HubTest.sol";
import {World} from "../hub/utils/World.sol";

/// @notice A relay target that fails with less than the gas that its message asked for.
contract Exacting {
    error Exacting_TooLittleGas(uint256 given);

    uint256 private immutable _least;
    address private immutable _app;

    constructor(uint256 least, address app) {
        (_least, _app) = (least, app);
    }

    fallback(bytes calldata) external returns (bytes memory) {
        uint256 gas = gasleft();
        if (gas < _least) revert Exacting_TooLittleGas(gas);
        return abi.encode(
            abi.encode(IMOSV3.MessageData(false, IMOSV3.MessageType.MESSAGE, abi.encodePacked(_app), "", 300_000, 0))
        );
    }
}

/// @notice A relay target can be an account that delegates to code (EIP-7702). A call of it pays 2,600 gas more, for the cold
///         code, out of what is passed on. The hub kept 1,000 between asking for the gas and the call: a relayer who gave just
///         enough to pass had the target called with up to 1,800 gas less than its message asked for. It failed, the order
///         was consumed and the relayer paid.
contract DelegatedTargetGetsLessGasTest is HubTest {
    address private constant ACCOUNT = address(0xde1e);
    /// @dev Gas between the call and the target's own first question, at most.
    uint256 private constant ENTRY = 500;
    uint256 private constant STEP = 400;

    /// @dev Here, so that the test's own transaction begins with cold code.
    function setUp() public override {
        super.setUp();
        vm.etch(ACCOUNT, abi.encodePacked(hex"ef0100", new Exacting(GAS_LIMIT - ENTRY, address(app))));
    }

    function test_ADelegatedTargetGetsItsGasOrNothingHappens() public {
        vm.deal(address(this), 1 ether);
        hub.fund{value: 1 ether}(ACCOUNT);
        World.Sent memory sent = world.send(A, B, USER, world.encode(true, ACCOUNT, "ask", GAS_LIMIT));
        bytes memory input = abi.encodeCall(hub.relay, (A, none(), address(0), 0, world.prove(H, A, sent.log)));
        address relayer = world.RELAYER();
        vm.chainId(H);
        bool ok;
        for (uint256 gas = GAS_LIMIT; !ok; gas += STEP) {
            vm.assertLt(gas, 4 * GAS_LIMIT);
            vm.prank(relayer, relayer);
            (ok,) = address(hub).call{gas: gas}(input);
        }
        vm.assertEq(hub.storedRelay(A, sent.orderId), 0, "a failure for want of gas");
    }
}
