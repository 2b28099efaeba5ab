/**
 * Keccak-256 as a WebAssembly module that is assembled here, so that what runs can be read: Keccak-f[1600] as FIPS 202
 * (section 3.2) has it, with the padding of the original Keccak. One function absorbs all blocks of its input.
 */

/** What this file uses of the platform's `WebAssembly`; not every platform has it, or lets it compile. */
interface Platform {
  readonly WebAssembly?: {
    readonly Module: new (bytes: Uint8Array) => object
    readonly Instance: new (module: object) => { readonly exports: Record<string, unknown> }
  }
}

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number }
  readonly absorb: (blocks: number) => void
}

const RATE = 136
const LANES = 25
const RATE_LANES = RATE / 8
const ROUNDS = 24
const DIGEST = 32
const PAGE = 0x10000
/** Memory: 24 round constants, the digest, then the input. */
const DIGEST_AT = ROUNDS * 8
const INPUT_AT = 256

/** Round constants of iota: bits of a linear feedback shift register (FIPS 202, algorithms 5 and 6). */
function roundConstants(): bigint[] {
  let register = 1
  return Array.from({ length: ROUNDS }, () => {
    let constant = 0n
    for (let j = 0; j <= 6; j += 1) {
      if ((register & 1) === 1) constant |= 1n << (2n ** BigInt(j) - 1n)
      register = (register << 1) ^ ((register >> 7) * 0x171)
    }
    return constant
  })
}

/** Where rho and pi take each lane: `[from, to, rotation]` (FIPS 202, algorithms 2 and 3). */
function moves(): [number, number, number][] {
  const found: [number, number, number][] = [[0, 0, 0]]
  let [x, y] = [1, 0]
  for (let t = 0; t < ROUNDS; t += 1) {
    const to = [y, (2 * x + 3 * y) % 5] as const
    found.push([x + 5 * y, to[0] + 5 * to[1], (((t + 1) * (t + 2)) / 2) % 64])
    ;[x, y] = to
  }
  return found
}

const unsigned = (value: number): number[] =>
  value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)]
/** Signed LEB128 of a value that is not negative. */
const signed = (value: number): number[] => (value < 0x40 ? [value] : [(value & 0x7f) | 0x80, ...signed(value >>> 7)])

const I32 = 0x7f
const I64 = 0x7e
const get = (local: number): number[] => [0x20, ...unsigned(local)]
const set = (local: number): number[] => [0x21, ...unsigned(local)]
const constant32 = (value: number): number[] => [0x41, ...signed(value)]
const constant64 = (value: number): number[] => [0x42, ...signed(value)]
const ALL_ONES = [0x42, 0x7f]
const load = (offset: number): number[] => [0x29, 3, ...unsigned(offset)]
const store = (offset: number): number[] => [0x37, 3, ...unsigned(offset)]
const ADD32 = 0x6a
const SUB32 = 0x6b
const NOT_EQUAL32 = 0x47
const AND = 0x83
const XOR = 0x85
const ROTATE = 0x89
const END = 0x0b
const loop = (body: readonly number[]): number[] => [0x03, 0x40, ...body, END]
const BRANCH_IF = [0x0d, 0]

/** Locals: the number of blocks is the parameter. */
const BLOCKS = 0
const POINTER = 1
const ROUND = 2
const state = (i: number): number => 3 + i
const moved = (i: number): number => 3 + LANES + i
const column = (x: number): number => 3 + 2 * LANES + ((x + 5) % 5)
const parity = (x: number): number => 3 + 2 * LANES + 5 + ((x + 5) % 5)
const LOCALS64 = 2 * LANES + 10

const lanes = Array.from({ length: LANES }, (_, i) => i)
const five = [0, 1, 2, 3, 4]

function round(): number[] {
  const theta = [
    ...five.flatMap((x) => [
      ...get(state(x)),
      ...[5, 10, 15, 20].flatMap((row) => [...get(state(x + row)), XOR]),
      ...set(column(x)),
    ]),
    ...five.flatMap((x) => [
      ...get(column(x - 1)),
      ...get(column(x + 1)),
      ...constant64(1),
      ROTATE,
      XOR,
      ...set(parity(x)),
    ]),
  ]
  const rhoPi = moves().flatMap(([from, to, rotation]) => [
    ...get(state(from)),
    ...get(parity(from % 5)),
    XOR,
    ...(rotation === 0 ? [] : [...constant64(rotation), ROTATE]),
    ...set(moved(to)),
  ])
  const chi = lanes.flatMap((i) => {
    const row = i - (i % 5)
    const next = moved(row + ((i + 1) % 5))
    const afterNext = moved(row + ((i + 2) % 5))
    return [...get(moved(i)), ...get(next), ...ALL_ONES, XOR, ...get(afterNext), AND, XOR, ...set(state(i))]
  })
  const iota = [...get(state(0)), ...get(ROUND), ...load(0), XOR, ...set(state(0))]
  return [...theta, ...rhoPi, ...chi, ...iota]
}

function absorb(): number[] {
  const block = [
    ...lanes
      .slice(0, RATE_LANES)
      .flatMap((i) => [...get(state(i)), ...get(POINTER), ...load(INPUT_AT + 8 * i), XOR, ...set(state(i))]),
    ...constant32(0),
    ...set(ROUND),
    ...loop([
      ...round(),
      ...get(ROUND),
      ...constant32(8),
      ADD32,
      ...set(ROUND),
      ...get(ROUND),
      ...constant32(8 * ROUNDS),
      NOT_EQUAL32,
      ...BRANCH_IF,
    ]),
    ...get(POINTER),
    ...constant32(RATE),
    ADD32,
    ...set(POINTER),
    ...get(BLOCKS),
    ...constant32(1),
    SUB32,
    ...set(BLOCKS),
    ...get(BLOCKS),
    ...BRANCH_IF,
  ]
  const digest = [0, 1, 2, 3].flatMap((i) => [...constant32(0), ...get(state(i)), ...store(DIGEST_AT + 8 * i)])
  return [...loop(block), ...digest, END]
}

function assemble(): Uint8Array {
  const vector = (items: readonly (readonly number[])[]): number[] => [...unsigned(items.length), ...items.flat()]
  const sized = (body: readonly number[]): number[] => [...unsigned(body.length), ...body]
  const section = (id: number, items: readonly (readonly number[])[]): number[] => [id, ...sized(vector(items))]
  const name = (text: string): number[] => sized([...text].map((char) => char.charCodeAt(0)))
  const locals = vector([
    [2, I32],
    [LOCALS64, I64],
  ])
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [[0x60, ...vector([[I32]]), ...vector([])]]), // one type: (i32) -> ()
    ...section(3, [[0]]),
    ...section(5, [[0, 1]]), // a memory of at least one page
    ...section(7, [
      [...name('memory'), 2, 0],
      [...name('absorb'), 0, 0],
    ]),
    ...section(10, [sized([...locals, ...absorb()])]),
  ])
}

/** Keccak-256 on WebAssembly, or nothing where the platform has or permits none. Not reentrant, never asynchronous. */
export function createKeccakWasm(): ((bytes: Uint8Array) => Uint8Array) | undefined {
  const { WebAssembly } = globalThis as Platform // CAST: may be missing from the platform
  if (WebAssembly === undefined) return undefined
  let exports: Exports
  try {
    const instance = new WebAssembly.Instance(new WebAssembly.Module(assemble()))
    exports = instance.exports as unknown as Exports // CAST: what `assemble` exports
  } catch {
    return undefined // a content security policy forbids compiling
  }
  const { memory, absorb: run } = exports
  let view = new Uint8Array(memory.buffer)
  const constants = new DataView(memory.buffer)
  for (const [i, constant] of roundConstants().entries()) constants.setBigUint64(8 * i, constant, true)
  return (bytes) => {
    const blocks = Math.floor(bytes.length / RATE) + 1
    const end = INPUT_AT + blocks * RATE
    if (end > view.length) {
      memory.grow(Math.ceil((end - view.length) / PAGE))
      view = new Uint8Array(memory.buffer)
    }
    const tail = INPUT_AT + bytes.length
    view.set(bytes, INPUT_AT)
    view.fill(0, tail, end)
    view[tail] = 0x01
    view[end - 1] = (view[end - 1] ?? 0) | 0x80
    run(blocks)
    return view.slice(DIGEST_AT, DIGEST_AT + DIGEST)
  }
}
