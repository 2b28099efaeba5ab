import assert from 'node:assert/strict'
import { test } from 'node:test'
import { iMessageServiceAbi } from '@meridian/abi'
import { encodeAbiParameters, encodeErrorResult, pad, size } from 'viem'
import { RpcResponseError } from './errors.ts'
import { decodeRevert, describeRevert } from './revert.ts'

test('decodes an error of the contracts with its arguments by name', () => {
  const data = encodeErrorResult({
    abi: iMessageServiceAbi,
    errorName: 'MOS_AlreadyDelivered',
    args: [5n, pad('0x01')],
  })
  const revert = decodeRevert(data)
  assert.deepEqual(revert, {
    kind: 'custom',
    name: 'MOS_AlreadyDelivered',
    args: { fromChain: 5n, orderId: pad('0x01') },
  })
})

test('decodes Error(string) and Panic(uint256)', () => {
  const text = encodeAbiParameters([{ type: 'string' }], ['no']).slice(2)
  assert.equal(describeRevert(decodeRevert(`0x08c379a0${text}`)), 'Error("no")')
  assert.equal(describeRevert(decodeRevert(`0x4e487b71${pad('0x11').slice(2)}`)), 'Panic(0x11)')
})

// once, an endpoint that answered with megabytes had them in every message's reason, in the log and in the store, and
// decoding them held up everything else for minutes
test('however much an endpoint says, little of it is decoded, and less is kept', () => {
  const reason = encodeAbiParameters([{ type: 'string' }], ['x'.repeat(20_000)]).slice(2)
  assert.ok(describeRevert(decodeRevert(`0x08c379a0${reason}`)).length < 600)
  const huge = decodeRevert(`0x08c379a0${'00'.repeat(30_000_000)}`)
  assert.deepEqual([huge.kind, huge.kind === 'unknown' && size(huge.data)], ['unknown', 65_536])
  const { message, context } = new RpcResponseError('host', 'eth_call', -32000, 'x'.repeat(5_000_000), null)
  assert.ok(message.length + context.rpcMessage.length < 3_000)
})

test('what it does not know, or what is cut short, is Unknown and keeps its bytes', () => {
  for (const data of ['0x', '0x07', '0xdeadbeef', '0x08c379a0', '0x4e487b7100'] as const)
    assert.deepEqual(decodeRevert(data), { kind: 'unknown', name: 'Unknown', data })
})
