// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title  Recursive Length Prefix, read in place on calldata
/// @notice Strict: exactly one encoding of each value is accepted. A length in more bytes than it needs, a single byte
///         below 0x80 behind a prefix, an item that reaches over its container and bytes behind an item all revert.
/// @dev    Two layers. The `take…` functions work on slices and are for reading structures. The `…At` functions work on
///         absolute calldata positions and are for hot loops; for them `ptr <= limit <= calldatasize()` must hold, or
///         `ptr == limit`, which is so for every `bytes calldata` (its offset and end) and for every result of these
///         functions.
library RLP {
    /// @dev First prefix of a string of 0 to 55 bytes; below it a byte is its own encoding.
    uint256 internal constant STRING_SHORT = 0x80;
    /// @dev First prefix of a string whose length follows in `prefix - 0xb7` bytes.
    uint256 internal constant STRING_LONG = 0xb8;
    /// @dev First prefix of a list of 0 to 55 payload bytes.
    uint256 internal constant LIST_SHORT = 0xc0;
    /// @dev First prefix of a list whose length follows in `prefix - 0xf7` bytes.
    uint256 internal constant LIST_LONG = 0xf8;
    /// @dev Longest payload, in bytes, that a short prefix can announce.
    uint256 internal constant SHORT_MAX = 55;

    /// @notice The item reaches over the end of its container. @param expected Bytes needed. @param given Bytes left.
    error RLP_OutOfBounds(uint256 expected, uint256 given);
    /// @notice The length has leading zeros, or a shorter form exists. @param prefix The item's first byte.
    error RLP_NonCanonicalLength(uint256 prefix);
    /// @notice A list where a string belongs, or the other way round. @param expectedList Whether a list belongs here.
    /// @param  prefix The item's first byte.
    error RLP_UnexpectedKind(bool expectedList, uint256 prefix);
    /// @notice Bytes follow the last item. @param expected Bytes that the items take. @param given Bytes there are.
    error RLP_TrailingBytes(uint256 expected, uint256 given);
    /// @notice A string has another length than its type. @param expected Bytes. @param given Bytes.
    error RLP_StringLength(uint256 expected, uint256 given);
    /// @notice An integer has a leading zero byte.
    error RLP_NonCanonicalInteger();
    /// @notice An integer has more bytes than its type. @param limit Bytes. @param given Bytes.
    error RLP_IntegerTooLong(uint256 limit, uint256 given);

    /// @notice The payload of the list that `encoded` is, from its first byte to its last.
    function list(bytes calldata encoded) internal pure returns (bytes calldata payload) {
        (uint256 start, uint256 limit) = bounds(encoded);
        (uint256 from, uint256 to) = listAt(start, limit);
        if (to != limit) revert RLP_TrailingBytes(to - start, encoded.length);
        return slice(from, to);
    }

    /// @notice The payload of the first item of `items`, a string, and what follows it.
    function takeString(bytes calldata items) internal pure returns (bytes calldata value, bytes calldata rest) {
        (uint256 start, uint256 limit) = bounds(items);
        (uint256 from, uint256 to) = stringAt(start, limit);
        return (slice(from, to), slice(to, limit));
    }

    /// @notice The payload of the first item of `items`, a list, and what follows it.
    function takeList(bytes calldata items) internal pure returns (bytes calldata payload, bytes calldata rest) {
        (uint256 start, uint256 limit) = bounds(items);
        (uint256 from, uint256 to) = listAt(start, limit);
        return (slice(from, to), slice(to, limit));
    }

    /// @notice The first item of `items`, of either kind, with its prefix, and what follows it.
    function takeItem(bytes calldata items) internal pure returns (bytes calldata item, bytes calldata rest) {
        (uint256 start, uint256 limit) = bounds(items);
        (, uint256 to,) = itemAt(start, limit);
        return (slice(start, to), slice(to, limit));
    }

    /// @notice What follows the first `number` items of `items`.
    function skip(bytes calldata items, uint256 number) internal pure returns (bytes calldata rest) {
        (uint256 ptr, uint256 limit) = bounds(items);
        return slice(skipAt(ptr, limit, number), limit);
    }

    /// @notice The first item of `items` as an unsigned integer of at most 32 bytes, and what follows it.
    function takeUint(bytes calldata items) internal pure returns (uint256 value, bytes calldata rest) {
        (uint256 ptr, uint256 limit) = bounds(items);
        (value, ptr) = uintAt(ptr, limit);
        rest = slice(ptr, limit);
    }

    /// @notice The first item of `items` as 32 bytes, and what follows it.
    function takeBytes32(bytes calldata items) internal pure returns (bytes32 value, bytes calldata rest) {
        (uint256 ptr, uint256 limit) = bounds(items);
        (value, ptr) = bytes32At(ptr, limit);
        rest = slice(ptr, limit);
    }

    /// @notice The first item of `items` as an address, and what follows it.
    function takeAddress(bytes calldata items) internal pure returns (address value, bytes calldata rest) {
        (uint256 ptr, uint256 limit) = bounds(items);
        (value, ptr) = addressAt(ptr, limit);
        rest = slice(ptr, limit);
    }

    /// @notice How many items `items` consists of.
    function count(bytes calldata items) internal pure returns (uint256 total) {
        (uint256 ptr, uint256 limit) = bounds(items);
        while (ptr != limit) {
            (, ptr,) = itemAt(ptr, limit);
            ++total;
        }
    }

    /// @notice Reverts unless `rest`, what is left behind the last item that belongs there, is empty.
    function requireEnd(bytes calldata rest) internal pure {
        if (rest.length != 0) revert RLP_TrailingBytes(0, rest.length);
    }

    /// @notice The item at `ptr`. @return from Where its payload starts. @return to Where it ends. @return isList Kind.
    /// @dev    Touches no memory. `ptr` is below 2^64 and so is every length, but for one case: Solidity lets the offset of
    ///         an empty slice in a struct or an array wrap, and then it may lie anywhere. A read behind the end of
    ///         calldata gives zeros, and then `to` is `ptr + 1` and over `limit`. `sound` is 0 for a length with a leading zero or
    ///         one that a shorter form could hold; `to <= limit` implies that there was a first byte.
    function itemAt(uint256 ptr, uint256 limit) internal pure returns (uint256 from, uint256 to, bool isList) {
        bool sound;
        assembly ("memory-safe") {
            let word := calldataload(ptr)
            let prefix := shr(248, word)
            switch lt(prefix, STRING_SHORT)
            case 1 {
                from := ptr
                to := add(ptr, 1)
                sound := 1
            }
            default {
                isList := gt(prefix, 0xbf)
                from := add(ptr, 1)
                // 0x80 and 0xc0 differ in bit 6: below it is the length, or what it is announced by.
                let length := and(prefix, 0x3f)
                switch gt(length, SHORT_MAX)
                case 0 {
                    // A lone byte below 0x80 is its own encoding: bit 7 of the second byte tells.
                    sound := or(iszero(eq(prefix, 0x81)), gt(byte(1, word), 0x7f))
                }
                default {
                    let size := sub(length, SHORT_MAX) // 1 to 8 bytes of length
                    length := shr(sub(256, shl(3, size)), shl(8, word))
                    from := add(from, size)
                    sound := and(gt(length, SHORT_MAX), gt(byte(1, word), 0))
                }
                to := add(from, length)
            }
        }
        // `to > limit`, and so also where an empty slice lies at the last of all positions and `to` wrapped to 0.
        unchecked {
            if (to - 1 >= limit) revert RLP_OutOfBounds(to - ptr, limit - ptr);
        }
        if (!sound) revert RLP_NonCanonicalLength(loadAt(ptr) >> 248);
    }

    /// @notice The list at `ptr`. @return from Where its payload starts. @return to Where it ends.
    /// @dev    Reads lists of 56 to 65535 bytes itself, with the checks of `itemAt`, and leaves the others and every
    ///         revert to it.
    function listAt(uint256 ptr, uint256 limit) internal pure returns (uint256 from, uint256 to) {
        assembly ("memory-safe") {
            let word := calldataload(ptr)
            switch shr(248, word)
            case 0xf9 {
                let length := and(shr(232, word), 0xffff)
                from := add(ptr, 3)
                // A length below 256 has a leading zero: `to` stays 0.
                if gt(length, 0xff) { to := add(from, length) }
            }
            case 0xf8 {
                let length := byte(1, word)
                from := add(ptr, 2)
                if gt(length, SHORT_MAX) { to := add(from, length) }
            }
        }
        // `to - 1` is the greatest integer where nothing was read.
        unchecked {
            if (to - 1 < limit) return (from, to);
        }
        bool isList;
        (from, to, isList) = itemAt(ptr, limit);
        if (!isList) revert RLP_UnexpectedKind(true, loadAt(ptr) >> 248);
    }

    /// @notice The string at `ptr`. @return from Where its payload starts. @return to Where it ends.
    /// @dev    Reads strings of 0, of 2 to 55 and of 256 to 65535 bytes itself, with the checks of `itemAt`, and leaves
    ///         the others and every revert to it.
    function stringAt(uint256 ptr, uint256 limit) internal pure returns (uint256 from, uint256 to) {
        assembly ("memory-safe") {
            let word := calldataload(ptr)
            // Wraps to more than 55 for a prefix below 0x80.
            let length := sub(shr(248, word), STRING_SHORT)
            switch gt(length, SHORT_MAX)
            case 0 {
                if xor(length, 1) {
                    from := add(ptr, 1)
                    to := add(from, length)
                }
            }
            default {
                if eq(shr(248, word), 0xb9) {
                    length := and(shr(232, word), 0xffff)
                    if gt(length, 0xff) {
                        from := add(ptr, 3)
                        to := add(from, length)
                    }
                }
            }
        }
        // `to - 1` is the greatest integer where nothing was read.
        unchecked {
            if (to - 1 < limit) return (from, to);
        }
        bool isList;
        (from, to, isList) = itemAt(ptr, limit);
        if (isList) revert RLP_UnexpectedKind(false, loadAt(ptr) >> 248);
    }

    /// @notice Where the `items`-th item behind `ptr` starts, or `limit` if that was the last.
    function skipAt(uint256 ptr, uint256 limit, uint256 items) internal pure returns (uint256) {
        for (; items != 0; --items) {
            (, ptr,) = itemAt(ptr, limit);
        }
        return ptr;
    }

    /// @notice The unsigned integer at `ptr`. @return value It. @return to Where it ends.
    function uintAt(uint256 ptr, uint256 limit) internal pure returns (uint256 value, uint256 to) {
        uint256 from;
        (from, to) = stringAt(ptr, limit);
        unchecked {
            uint256 length = to - from;
            if (length == 0) return (0, to);
            if (length > 32) revert RLP_IntegerTooLong(32, length);
            value = loadAt(from);
            if (value >> 248 == 0) revert RLP_NonCanonicalInteger();
            value >>= 256 - 8 * length;
        }
    }

    /// @notice The 32-byte string at `ptr`. @return value It. @return to Where it ends.
    function bytes32At(uint256 ptr, uint256 limit) internal pure returns (bytes32 value, uint256 to) {
        uint256 from;
        (from, to) = stringAt(ptr, limit);
        unchecked {
            if (to - from != 32) revert RLP_StringLength(32, to - from);
        }
        value = bytes32(loadAt(from));
    }

    /// @notice The 20-byte string at `ptr`. @return value It. @return to Where it ends.
    function addressAt(uint256 ptr, uint256 limit) internal pure returns (address value, uint256 to) {
        uint256 from;
        (from, to) = stringAt(ptr, limit);
        unchecked {
            if (to - from != 20) revert RLP_StringLength(20, to - from);
        }
        value = address(uint160(loadAt(from) >> 96));
    }

    /// @notice Absolute positions of the start and the end of `data`.
    function bounds(bytes calldata data) internal pure returns (uint256 start, uint256 limit) {
        assembly ("memory-safe") {
            start := data.offset
            limit := add(start, data.length)
        }
    }

    /// @notice The bytes of calldata in `[from, to)`; the caller has made sure that `from <= to <= calldatasize()`.
    function slice(uint256 from, uint256 to) internal pure returns (bytes calldata data) {
        assembly ("memory-safe") {
            data.offset := from
            data.length := sub(to, from)
        }
    }

    /// @notice The 32 bytes of calldata at `ptr`; zeros behind the end.
    function loadAt(uint256 ptr) internal pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(ptr)
        }
    }
}
