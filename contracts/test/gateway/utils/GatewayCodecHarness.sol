// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {GatewayCodec} from "../../../src/gateway/GatewayCodec.sol";

/// @custom:compiled as-deployed
contract GatewayCodecHarness {
    function gatewayGas(uint256 gasLimit, uint256 payloadLength, bool ordered) external pure returns (uint256) {
        return GatewayCodec.gatewayGas(gasLimit, payloadLength, ordered);
    }
}
