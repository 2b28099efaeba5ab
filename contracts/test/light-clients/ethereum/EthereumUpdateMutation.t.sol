// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bls12381} from "../../../src/crypto/Bls12381.sol";
import {IEthereumLightClient} from "../../../src/light-clients/ethereum/IEthereumLightClient.sol";
import {SyncCommitteeProof} from "../../../src/light-clients/ethereum/SyncCommitteeProof.sol";
import {EthereumClientTest} from "./EthereumClientTest.sol";

/// @notice Every field of a valid update altered: the error that belongs to it, never acceptance.
contract EthereumUpdateMutationTest is EthereumClientTest {
    /// @dev The field's prime.
    uint256 private constant P_HIGH = 0x1a0111ea397fe69a4b1ba7b6434bacd7;
    uint256 private constant P_LOW = 0x64774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab;
    /// @dev Siblings of `finalized_checkpoint.root` and `next_sync_committee` before Electra.
    uint256 private constant FINALITY_BYTES = 6 * 32;
    uint256 private constant NEXT_BYTES = 32 + 5 * 32;
    uint256 private constant KEYS = BRANCHES + FINALITY_BYTES;

    function setUp() public {
        json = _load("minimal.json");
        vm.warp(vm.parseJsonUint(json, ".time"));
        client = _deploy(_bytes(".constructor"));
        _keepUpdate("finality");
        _keepUpdate("finalityAbsentOne");
        _keepUpdate("finalityAbsentPairs");
        _keepUpdate("rotation");
    }

    function test_RevertWhen_AFieldOfTheAttestedHeaderIsAltered() public {
        bytes4 signature = IEthereumLightClient.EthereumLightClient_Signature.selector;
        _revertsFlipped("finality", 7, 0x02, signature);
        for (uint256 i = 8; i < 112; i += 8) {
            bool inStateRoot = i >= 48 && i < 80;
            _revertsFlipped(
                "finality",
                i,
                0x01,
                inStateRoot ? IEthereumLightClient.EthereumLightClient_FinalityBranch.selector : signature
            );
        }
    }

    function test_RevertWhen_AFieldOfTheFinalizedHeaderIsAltered() public {
        bytes4 selector = IEthereumLightClient.EthereumLightClient_FinalityBranch.selector;
        for (uint256 i = 7; i < 112; i += 8) {
            _revertsFlipped("finality", FINALIZED + i, 0x01, selector);
        }
    }

    function test_RevertWhen_TheSignatureSlotIsAltered() public {
        for (uint256 i = 0; i < 7; ++i) {
            _revertsFlipped(
                "finality", SIGNATURE_SLOT + i, 0x01, IEthereumLightClient.EthereumLightClient_Future.selector
            );
        }
        // 91 becomes 27: not behind the attested slot.
        _revertsFlipped(
            "finality", SIGNATURE_SLOT + 7, 0x40, IEthereumLightClient.EthereumLightClient_SlotOrder.selector
        );
        // 91 becomes 123, still before the fork and in the period: it only chooses committee and domain, so it may.
        client.update(_flip(_update("finality"), SIGNATURE_SLOT + 7, 0x20));
    }

    function test_RevertWhen_ABitIsAltered() public {
        // Nobody is absent: every cleared bit asks for a key that is not there.
        for (uint256 i = 0; i < 32; ++i) {
            _revertsFlipped(
                "finality", BITS + i / 8, uint8(1 << (i % 8)), IEthereumLightClient.EthereumLightClient_Length.selector
            );
        }
        // Member 13 is absent and claimed to have signed.
        _revertsFlipped("finalityAbsentOne", BITS + 1, 0x20, IEthereumLightClient.EthereumLightClient_Length.selector);
        // Another member is claimed to be absent instead of member 13: the key is not at that index.
        for (uint256 i = 0; i < 32; ++i) {
            if (i == 13) continue;
            bytes memory data = _flip(_update("finalityAbsentOne"), BITS + 1, 0x20);
            _reverts(
                _flip(data, BITS + i / 8, uint8(1 << (i % 8))),
                SyncCommitteeProof.SyncCommitteeProof_PubkeysRoot.selector
            );
        }
    }

    function test_RevertWhen_PubkeysRootOrAggregateIsAltered() public {
        bytes4 selector = IEthereumLightClient.EthereumLightClient_SyncCommittee.selector;
        for (uint256 i = 0; i < 32; ++i) {
            _revertsFlipped("finality", PUBKEYS_ROOT + i, 0x80, selector);
        }
        _revertsFlipped("finality", AGGREGATE + 47, 0x01, selector);
        // The compressed form has only the sign of y: another y of that sign has the same leaf but is no point.
        _revertsFlipped("finalityAbsentOne", AGGREGATE + 95, 0x02, Bls12381.Bls12381_Precompile.selector);
        _revertsFlipped("finality", AGGREGATE + 95, 0x02, Bls12381.Bls12381_Precompile.selector);
    }

    function test_RevertWhen_AggregateIsNegated() public {
        _reverts(
            _negateY(_update("finality"), AGGREGATE + 48),
            IEthereumLightClient.EthereumLightClient_SyncCommittee.selector
        );
    }

    function test_RevertWhen_AbsentKeyIsNegated() public {
        _reverts(
            _negateY(_update("finalityAbsentOne"), KEYS + 48),
            SyncCommitteeProof.SyncCommitteeProof_PubkeysRoot.selector
        );
    }

    function test_RevertWhen_SignatureIsNegated() public {
        bytes memory data = _negateY(_update("finality"), SIGNATURE + 96);
        _reverts(_negateY(data, SIGNATURE + 144), IEthereumLightClient.EthereumLightClient_Signature.selector);
    }

    /// x + p has the remainder of x and, below 2^384, fits the 48 bytes: it would be a second encoding of the key.
    function test_RevertWhen_CoordinateIsNotBelowThePrime() public {
        bytes4 selector = Bls12381.Bls12381_NotInField.selector;
        _reverts(_addPrime(_update("finality"), AGGREGATE), selector);
        _reverts(_addPrime(_update("finality"), AGGREGATE + 48), selector);
        _reverts(_addPrime(_update("finalityAbsentOne"), KEYS), selector);
        _reverts(_addPrime(_update("finalityAbsentOne"), KEYS + 48), selector);
        for (uint256 i = 0; i < 4; ++i) {
            _reverts(_addPrime(_update("finality"), SIGNATURE + 48 * i), Bls12381.Bls12381_Precompile.selector);
        }
        // Exactly p, and the flag bits of the compressed form.
        bytes memory prime = abi.encodePacked(uint128(P_HIGH), P_LOW);
        _reverts(_splice(_update("finality"), AGGREGATE, prime), selector);
        for (uint8 bit = 0x20; bit != 0; bit <<= 1) {
            _revertsFlipped("finality", AGGREGATE, bit, selector);
        }
    }

    function test_RevertWhen_AKeyIsInfinity() public {
        bytes memory zero = new bytes(96);
        _reverts(_splice(_update("finality"), AGGREGATE, zero), Bls12381.Bls12381_Infinity.selector);
        _reverts(_splice(_update("finalityAbsentOne"), KEYS, zero), Bls12381.Bls12381_Infinity.selector);
    }

    function test_RevertWhen_AFieldOfTheSignatureIsAltered() public {
        for (uint256 i = 7; i < 192; i += 8) {
            _revertsFlipped("finality", SIGNATURE + i, 0x01, Bls12381.Bls12381_Precompile.selector);
        }
    }

    function test_RevertWhen_TheFlagIsAltered() public {
        _revertsFlipped("finality", FLAG, 0x08, IEthereumLightClient.EthereumLightClient_Flag.selector);
        _revertsFlipped("rotation", FLAG, 0x80, IEthereumLightClient.EthereumLightClient_Flag.selector);
        // The next committee taken for the finality branch.
        _revertsFlipped("rotation", FLAG, 0x01, IEthereumLightClient.EthereumLightClient_FinalityBranch.selector);
        _revertsFlipped("finality", FLAG, 0x01, IEthereumLightClient.EthereumLightClient_Length.selector);
        // Nothing was kept that it could start from.
        _revertsFlipped("finality", FLAG, 0x02, IEthereumLightClient.EthereumLightClient_KeptAggregate.selector);
    }

    function test_RevertWhen_ABranchIsAltered() public {
        for (uint256 i = 0; i < NEXT_BYTES; i += 16) {
            _revertsFlipped(
                "rotation",
                BRANCHES + i,
                0x01,
                IEthereumLightClient.EthereumLightClient_NextSyncCommitteeBranch.selector
            );
        }
        for (uint256 i = 0; i < FINALITY_BYTES; i += 16) {
            bytes4 selector = IEthereumLightClient.EthereumLightClient_FinalityBranch.selector;
            _revertsFlipped("rotation", BRANCHES + NEXT_BYTES + i, 0x01, selector);
            _revertsFlipped("finality", BRANCHES + i, 0x01, selector);
        }
    }

    function test_RevertWhen_TheMultiproofIsAltered() public {
        uint256 start = KEYS + 96;
        uint256 end = _update("finalityAbsentOne").length;
        vm.assertEq(end - start, 5 * 32);
        for (uint256 i = start; i < end; i += 16) {
            _revertsFlipped("finalityAbsentOne", i, 0x01, SyncCommitteeProof.SyncCommitteeProof_PubkeysRoot.selector);
        }
    }

    function test_RevertWhen_AbsentKeysAreMisordered() public {
        bytes memory data = _update("finalityAbsentPairs");
        bytes memory first = _slice(data, KEYS, KEYS + 96);
        bytes memory second = _slice(data, KEYS + 96, KEYS + 192);
        bytes memory swapped = _splice(_splice(data, KEYS, second), KEYS + 96, first);
        _reverts(swapped, SyncCommitteeProof.SyncCommitteeProof_PubkeysRoot.selector);
    }

    function test_RevertWhen_AnAbsentKeyIsRepeated() public {
        bytes memory data = _update("finalityAbsentPairs");
        bytes memory first = _slice(data, KEYS, KEYS + 96);
        _reverts(_splice(data, KEYS + 96, first), SyncCommitteeProof.SyncCommitteeProof_PubkeysRoot.selector);
    }

    function test_RevertWhen_TheMultiproofHasAnotherLength() public {
        bytes4 selector = SyncCommitteeProof.SyncCommitteeProof_MultiproofLength.selector;
        bytes memory data = _update("finalityAbsentOne");
        _reverts(_slice(data, 0, data.length - 32), selector);
        _reverts(_slice(data, 0, data.length - 1), selector);
        _reverts(bytes.concat(data, bytes1(0)), selector);
        _reverts(bytes.concat(data, bytes32(0)), selector);
        data = _update("finality");
        _reverts(bytes.concat(data, bytes1(0)), IEthereumLightClient.EthereumLightClient_Length.selector);
    }

    function testFuzz_RevertWhen_Truncated(uint256 kept, bool absent) public {
        bytes memory data = _update(absent ? "finalityAbsentPairs" : "rotation");
        data = _slice(data, 0, bound(kept, 0, data.length - 1));
        vm.expectRevert();
        client.update(data);
    }

    /// @dev LC-3.
    function testFuzz_RevertWhen_AnyBitIsAltered(uint256 place, uint8 choice) public {
        string[3] memory names = ["finality", "finalityAbsentPairs", "rotation"];
        bytes memory data = _update(names[choice % 3]);
        uint256 index = bound(place >> 8, 0, data.length - 1);
        // The signature slot is no part of what was signed: it may change where committee and domain stay.
        vm.assume(index < SIGNATURE_SLOT || index >= SIGNATURE_SLOT + 8);
        // Nor is the wish to keep the aggregate.
        vm.assume(index != FLAG || place % 8 != 2);
        data = _flip(data, index, uint8(1 << (place % 8)));
        vm.expectRevert();
        client.update(data);
    }

    function testFuzz_RevertWhen_Random(bytes calldata data) public {
        vm.expectRevert();
        client.update(data);
    }

    function _revertsFlipped(string memory name, uint256 index, uint8 bits, bytes4 selector) private {
        _reverts(_flip(_update(name), index, bits), selector);
    }

    function _reverts(bytes memory data, bytes4 selector) private {
        vm.expectPartialRevert(selector);
        client.update(data);
    }

    /// @dev Replaces the 48-byte coordinate at `offset` by p minus it.
    function _negateY(bytes memory data, uint256 offset) private pure returns (bytes memory) {
        (uint256 high, uint256 low) = _coordinate(data, offset);
        unchecked {
            uint256 newLow = P_LOW - low;
            uint256 newHigh = P_HIGH - high - (low > P_LOW ? 1 : 0);
            return _splice(data, offset, abi.encodePacked(uint128(newHigh), newLow));
        }
    }

    function _addPrime(bytes memory data, uint256 offset) private pure returns (bytes memory) {
        (uint256 high, uint256 low) = _coordinate(data, offset);
        unchecked {
            uint256 newLow = P_LOW + low;
            uint256 newHigh = P_HIGH + high + (newLow < low ? 1 : 0);
            return _splice(data, offset, abi.encodePacked(uint128(newHigh), newLow));
        }
    }

    function _coordinate(bytes memory data, uint256 offset) private pure returns (uint256 high, uint256 low) {
        assembly ("memory-safe") {
            high := shr(128, mload(add(add(data, 32), offset)))
            low := mload(add(add(data, 48), offset))
        }
    }
}
