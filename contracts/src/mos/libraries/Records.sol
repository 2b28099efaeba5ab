// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IHub} from "../../hub/IHub.sol";
import {IMessageService} from "../interfaces/IMessageService.sol";

/// @title  Records of delivery and expiry, read from proven logs
/// @notice The one reading of the records that the source chain of an order takes as proof of what became of it: those of
///         MOS on its target chain, and those that a hub forwarded.
/// @dev    Who made a record is returned and not judged here: the caller compares `Record.mos` with whom it believes. Data of
///         a record's length that is not what `abi.encode` writes makes it revert; neither MOS nor a hub emits such.
library Records {
    /// @notice What a record says. `None`: the log is no record of the lane.
    enum Kind {
        None,
        Delivery,
        Expiry
    }

    struct Record {
        Kind kind;
        bytes32 orderId;
        /// @dev EIP-155 id of the chain that sent the order.
        uint256 originChain;
        /// @dev Who made it: MOS on the target chain; of a hub's record, what it says of that, and zero if the hub itself.
        address mos;
        /// @dev The payee of a delivery, the refund recipient of an expiry.
        address account;
        /// @dev Of an expiry: whether the order was run before, and failed.
        bool attempted;
    }

    bytes32 private constant DELIVERY = IMessageService.DeliveryRecord.selector;
    bytes32 private constant EXPIRY = IMessageService.ExpiryRecord.selector;
    bytes32 private constant DELIVERY_FORWARDED = IHub.DeliveryRecordForwarded.selector;
    bytes32 private constant EXPIRY_FORWARDED = IHub.ExpiryRecordForwarded.selector;
    /// @dev Topics of MOS' records: the signature, fromChain, orderId.
    uint256 private constant TOPICS = 3;
    /// @dev Topics of a hub's: the signature, originChain, recordChain, orderId.
    uint256 private constant FORWARDED_TOPICS = 4;
    /// @dev Lengths of their data. Bytes.
    uint256 private constant DELIVERY_DATA = 0x20;
    uint256 private constant EXPIRY_DATA = 0x40;
    uint256 private constant FORWARDED_DELIVERY_DATA = 0x40;
    uint256 private constant FORWARDED_EXPIRY_DATA = 0x60;

    /// @notice Reads a log of a MOS.
    function read(address emitter, bytes32[] memory topics, bytes memory data)
        internal
        pure
        returns (Record memory record)
    {
        if (topics.length != TOPICS) return record;
        record.originChain = uint256(topics[1]);
        record.orderId = topics[2];
        record.mos = emitter;
        if (topics[0] == DELIVERY && data.length == DELIVERY_DATA) {
            record.account = abi.decode(data, (address));
            record.kind = Kind.Delivery;
        } else if (topics[0] == EXPIRY && data.length == EXPIRY_DATA) {
            (record.account, record.attempted) = abi.decode(data, (address, bool));
            record.kind = Kind.Expiry;
        }
    }

    /// @notice Reads a log of a hub, as a record made on `recordChain`. The caller has checked that a hub emitted it.
    function readForwarded(uint256 recordChain, bytes32[] memory topics, bytes memory data)
        internal
        pure
        returns (Record memory record)
    {
        if (topics.length != FORWARDED_TOPICS || topics[2] != bytes32(recordChain)) return record;
        record.originChain = uint256(topics[1]);
        record.orderId = topics[3];
        if (topics[0] == DELIVERY_FORWARDED && data.length == FORWARDED_DELIVERY_DATA) {
            (record.mos, record.account) = abi.decode(data, (address, address));
            record.kind = Kind.Delivery;
        } else if (topics[0] == EXPIRY_FORWARDED && data.length == FORWARDED_EXPIRY_DATA) {
            (record.mos, record.account, record.attempted) = abi.decode(data, (address, address, bool));
            record.kind = Kind.Expiry;
        }
    }
}
