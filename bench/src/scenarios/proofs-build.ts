import { buildReceiptsTrie, type RpcReceipt } from '@meridian/proofs'
import { createRandom, syntheticBlock } from '../../../packages/proofs/test/synthetic.ts'

/** One figure in time; the other scenarios measure gas. */
export interface Timing {
  readonly id: string
  readonly unit: 'ms'
  readonly measure: 'median'
  readonly value: number
}

const SEED = 1
const SIZES = [100, 300, 1000]
/** Enough for the engine's compiler to settle, then for a median. */
const WARM_UP = 50
const RUNS = 101

function median(receipts: readonly RpcReceipt[], target: number, now: () => number): number {
  const times: number[] = []
  for (let run = 0; run < WARM_UP + RUNS; run += 1) {
    const start = now()
    const { nodes } = buildReceiptsTrie(receipts).prove(target)
    const time = now() - start
    if (nodes.length === 0) throw new Error('an empty proof')
    if (run >= WARM_UP) times.push(time)
  }
  times.sort((a, b) => a - b)
  return times[(times.length - 1) / 2] ?? Number.NaN
}

/**
 * From the receipts of a block, as JSON-RPC has them, to the root and the proof of one receipt: encoding, trie, hashes,
 * proof. Synthetic blocks of 500 to 600 bytes a receipt.
 * @param now Milliseconds of a monotonic clock.
 */
export async function run(now: () => number = () => performance.now()): Promise<Timing[]> {
  return SIZES.map((size) => {
    const target = size / 2
    const receipts = syntheticBlock(createRandom(SEED), size, target)
    return { id: `proofs/build-${size}`, unit: 'ms', measure: 'median', value: median(receipts, target, now) }
  })
}
