import { type Address, encodeAbiParameters, type Hex } from 'viem'

/** How the target is called: `message` runs `mapoExecute`, `calldata` runs the payload itself. */
export type MessageKind = 'calldata' | 'message'

/** What an app sends. */
export interface Message {
  readonly kind: MessageKind
  /** The app on the target chain. */
  readonly target: Address
  readonly payload: Hex
  /** Gas that the target receives at least. */
  readonly gasLimit: bigint
}

const messageDataType = [
  {
    type: 'tuple',
    components: [
      { name: 'relay', type: 'bool' },
      { name: 'msgType', type: 'uint8' },
      { name: 'target', type: 'bytes' },
      { name: 'payload', type: 'bytes' },
      { name: 'gasLimit', type: 'uint256' },
      { name: 'value', type: 'uint256' },
    ],
  },
] as const

/** `abi.encode(MessageData)` as `transferOut` takes it. */
export function encodeMessageData(message: Message): Hex {
  return encodeAbiParameters(messageDataType, [
    {
      relay: false,
      msgType: message.kind === 'calldata' ? 0 : 1,
      target: message.target,
      payload: message.payload,
      gasLimit: message.gasLimit,
      value: 0n,
    },
  ])
}
