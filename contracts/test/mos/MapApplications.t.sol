// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMessageService} from "../../src/mos/interfaces/IMessageService.sol";
import {TestLightClient} from "./utils/TestLightClient.sol";
import {MosTest} from "./utils/MosTest.sol";
import {ReceiptTrie} from "./utils/ReceiptTrie.sol";
import {Token} from "./utils/Tokens.sol";
import {Vm} from "../utils/Vm.sol";

/// @notice MOS V3 as an application of its time declares it for itself, without anything of this project.
interface IMosOfThatTime {
    function transferOut(uint256 toChain, bytes memory messageData, address feeToken) external payable returns (bytes32);

    function addRemoteCaller(uint256 fromChain, bytes memory fromAddress, bool tag) external;

    function getMessageFee(uint256 toChain, address feeToken, uint256 gasLimit)
        external
        view
        returns (uint256 amount, address receiver);

    function getExecutePermission(address target, uint256 fromChain, bytes memory fromAddress)
        external
        view
        returns (bool);
}

/// @notice An application of MOS V3: permits its peer by `addRemoteCaller`, checks MOS and that permission in its callback,
///         sends in either encoding, pays in coin or token, and answers from inside its callback.
contract EchoOfThatTime {
    struct MessageData {
        bool relay;
        uint8 msgType;
        bytes target;
        bytes payload;
        uint256 gasLimit;
        uint256 value;
    }

    IMosOfThatTime private immutable mos;
    mapping(string key => string value) public entries;
    string public echoed;
    uint256 public called;

    constructor(address mos_) payable {
        mos = IMosOfThatTime(mos_);
    }

    receive() external payable {}

    function permit(uint256 chain, address peer) external {
        mos.addRemoteCaller(chain, abi.encodePacked(peer), true);
    }

    function sendTuple(uint256 chain, address peer, string calldata key, string calldata value) external {
        bytes memory payload = abi.encode(key, value);
        (uint256 fee,) = mos.getMessageFee(chain, address(0), 500_000);
        mos.transferOut{value: fee}(
            chain, abi.encode(MessageData(false, 1, abi.encodePacked(peer), payload, 500_000, 0)), address(0)
        );
    }

    function sendFlat(uint256 chain, address peer, address feeToken, uint8 kind, bytes memory payload) public {
        (uint256 fee,) = mos.getMessageFee(chain, feeToken, 500_000);
        bytes memory data = abi.encode(false, kind, abi.encodePacked(peer), payload, uint256(500_000), uint256(0));
        if (feeToken == address(0)) {
            mos.transferOut{value: fee}(chain, data, feeToken);
        } else {
            Token(feeToken).approve(address(mos), fee);
            mos.transferOut(chain, data, feeToken);
        }
    }

    function mapoExecute(uint256 fromChain, uint256, bytes calldata from, bytes32, bytes calldata message)
        external
        returns (bytes memory)
    {
        require(msg.sender == address(mos), "not MOS");
        require(mos.getExecutePermission(address(this), fromChain, from), "not permitted");
        (string memory key, string memory value) = abi.decode(message, (string, string));
        if (bytes(value).length == 0) {
            echoed = key;
        } else {
            entries[key] = value;
            sendFlat(fromChain, address(bytes20(from)), address(0), 1, abi.encode(value, ""));
        }
        return "";
    }

    function count(uint256 by) external {
        require(msg.sender == address(mos), "not MOS");
        called += by;
    }
}

/// @notice Applications deployed for MAP Protocol's MOS V3 run unchanged.
contract MapApplicationsTest is MosTest {
    EchoOfThatTime internal onA;
    EchoOfThatTime internal onB;

    function setUp() public override {
        super.setUp();
        vm.deal(address(this), 100 ether);
        onA = new EchoOfThatTime{value: 10 ether}(address(mosA));
        onB = new EchoOfThatTime{value: 10 ether}(address(mosB));
        onA.permit(CHAIN_B, address(onB));
        onB.permit(CHAIN_A, address(onA));
        vm.chainId(CHAIN_A);
    }

    function test_AMessageGoesOverAndItsAnswerComesBack() public {
        vm.recordLogs();
        onA.sendTuple(CHAIN_B, address(onB), "key", "value");
        _deliverToB(messageLog(vm.getRecordedLogs()));
        vm.assertEq(onB.entries("key"), "value");
        _deliverToA(messageLog(vm.getRecordedLogs()));
        vm.assertEq(onA.echoed(), "value");
    }

    function test_TheFlatEncodingPaidInATokenGoesOver() public {
        Token token = new Token();
        list(feeA, CHAIN_B, address(token), GAS_PRICE);
        token.mint(address(onA), 1 ether);
        vm.recordLogs();
        onA.sendFlat(CHAIN_B, address(onB), address(token), 1, abi.encode("k", "v"));
        _deliverToB(messageLog(vm.getRecordedLogs()));
        vm.assertEq(onB.entries("k"), "v");
    }

    function test_CallDataThatWasPermittedIsCalled() public {
        vm.recordLogs();
        onA.sendFlat(CHAIN_B, address(onB), address(0), 0, abi.encodeCall(EchoOfThatTime.count, (7)));
        _deliverToB(messageLog(vm.getRecordedLogs()));
        vm.assertEq(onB.called(), 7);
    }

    function _deliverToB(Vm.Log memory log) private {
        vm.chainId(CHAIN_B);
        bytes memory proof = prove(log);
        vm.recordLogs();
        mosB.transferIn(CHAIN_A, proof);
    }

    function _deliverToA(Vm.Log memory log) private {
        vm.chainId(CHAIN_A);
        (bytes32 root, bytes memory nodes) = ReceiptTrie.single(ReceiptTrie.receipt(asArray(log)));
        TestLightClient(address(mosA.route(CHAIN_B).lightClient)).setFinal(root);
        mosA.transferIn(CHAIN_B, abi.encode(IMessageService.ReceiptProof(abi.encode(root), 0, nodes)));
    }
}
