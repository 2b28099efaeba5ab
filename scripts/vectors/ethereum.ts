/**
 * Writes `vectors/ethereum/`: updates, block proofs and evidence of a made-up beacon chain, valid and hostile ones.
 * `--check` writes nothing and fails if a file would differ.
 */
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { concatHex, encodeAbiParameters, type Hex, keccak256, numberToHex } from 'viem'
import {
  blockProof,
  constructorArgs,
  minimal,
  range,
  receiptsProof,
  summaryProof,
  summaryReceiptsProof,
  timeOf,
} from './ethereum-encoding.ts'
import { forkVectors, gloasVectors } from './ethereum-forks.ts'
import {
  aggregateOf,
  type BeaconBlock,
  bitsOf,
  blockRootIndex,
  type Committee,
  committeeOf,
  committeeRoot,
  filler,
  hashToG2,
  infinityG2,
  makeBlock,
  makeUpdate,
  pubkeysRootOf,
  secretsOf,
  strayG1,
  strayG2,
  type World,
} from './ethereum-world.ts'
import { writeVectors } from './write.ts'

const mainnetSized: World = {
  ...minimal,
  name: 'mainnet-sized',
  secondsPerSlot: 12n,
  slotsPerEpoch: 32n,
  slotsPerPeriod: 8192n,
  slotsPerHistoricalRoot: 8192n,
  forks: [{ name: 'fulu', epoch: 0n, version: '0x06000000' }],
}

function evidence(kind: number, first: Hex, second: Hex, extra: Hex = '0x'): Hex {
  const types = [{ type: 'uint8' }, { type: 'bytes' }, { type: 'bytes' }, { type: 'bytes' }] as const
  return encodeAbiParameters(types, [kind, first, second, extra])
}

function minimalVectors() {
  const world = minimal
  const [c1, c2, c3, other] = [1, 2, 3, 9].map((n) => committeeOf(secretsOf(`committee ${n}`, 32)))
  if (!c1 || !c2 || !c3 || !other) throw new Error('four committees')
  const old = makeBlock(world, 60n)
  const recent = makeBlock(world, 76n)
  const edge = makeBlock(world, 16n)
  const beyond = makeBlock(world, 15n)
  const roots = new Map([
    [15n + 64n, beyond.root],
    [16n, edge.root],
    [60n, old.root],
    [76n, recent.root],
    [77n, recent.root],
    [78n, recent.root],
  ])
  const start = makeBlock(world, 72n, { current: c1, next: c2 })
  const early = makeBlock(world, 64n)
  const f80 = makeBlock(world, 80n, { blockRoots: roots })
  const f80fork = makeBlock(world, 80n, { salt: 'fork' })
  const f88 = makeBlock(world, 88n, { blockRoots: new Map([[80n, f80.root]]) })
  const f88fork = makeBlock(world, 88n, { blockRoots: new Map([[80n, f80fork.root]]), salt: 'fork' })
  const f96 = makeBlock(world, 96n)
  const f112 = makeBlock(world, 112n)
  const f120 = makeBlock(world, 120n)
  const ancient = makeBlock(world, 70n)
  const f136 = makeBlock(world, 136n, {
    blockRoots: new Map([[120n, f120.root]]),
    summaries: new Map([
      [60n, old.root],
      [70n, ancient.root],
      [71n, ancient.root],
      [72n, ancient.root],
    ]),
  })
  const f168 = makeBlock(world, 168n)
  const base = { attested: 90n, finalized: f80, signers: c1 }
  const handover = { attested: 127n, finalized: f112, signatureSlot: 128n, signers: c2 }
  const stray = strayG2()
  const kept = { attested: 97n, finalized: f88, signers: c1, keptAbsent: [3, 9] }
  const updates = {
    finality: makeUpdate(world, base),
    finalityAbsentOne: makeUpdate(world, { ...base, absent: [13] }),
    finalityAbsentPairs: makeUpdate(world, { ...base, absent: [0, 1, 2, 7, 8, 30, 31] }),
    finalityMinimum: makeUpdate(world, { ...base, absent: [0, 3, 4, 5, 9, 16, 17, 18, 19, 31] }),
    belowMinimum: makeUpdate(world, { ...base, absent: [0, 3, 4, 5, 9, 16, 17, 18, 19, 30, 31] }),
    nobody: makeUpdate(world, { ...base, absent: range(0, 32), signature: stray }),
    atBootstrap: makeUpdate(world, { ...base, finalized: start, absent: [5] }),
    rotation: makeUpdate(world, { attested: 97n, finalized: f88, signers: c1, next: c2, carriesNext: true }),
    rotationEarlier: makeUpdate(world, { attested: 89n, finalized: early, signers: c1, next: c2, carriesNext: true }),
    rotationOther: makeUpdate(world, { attested: 105n, finalized: f88, signers: c1, next: other, carriesNext: true }),
    handover: makeUpdate(world, handover),
    handoverWithWrongFork: makeUpdate(world, { ...handover, version: '0x05000001' }),
    boundary: makeUpdate(world, { attested: 135n, finalized: f120, signers: c2 }),
    nextPeriod: makeUpdate(world, { attested: 151n, finalized: f136, signers: c2, next: c3, carriesNext: true }),
    nextPeriodBare: makeUpdate(world, { attested: 151n, finalized: f136, signers: c2, next: c3 }),
    fulu: makeUpdate(world, { attested: 180n, finalized: f168, signers: c2, absent: [3, 4] }),
    notFinal: makeUpdate(world, { attested: 130n, finalized: f120, signers: c2, next: c3, carriesNext: true }),
    unknownPeriod: makeUpdate(world, { attested: 200n, finalized: f168, signers: c3 }),
    conflictingBlock: makeUpdate(world, { ...base, finalized: f80fork, absent: [1] }),
    forkedHistory: makeUpdate(world, { attested: 98n, finalized: f88fork, signers: c1 }),
    sameHistory: makeUpdate(world, { attested: 98n, finalized: f88, signers: c1 }),
    wrongVersion: makeUpdate(world, { ...base, version: '0x05000001' }),
    wrongValidatorsRoot: makeUpdate(world, { ...base, genesisValidatorsRoot: filler('another chain') }),
    wrongCommittee: makeUpdate(world, { ...base, signers: other }),
    zeroSignature: makeUpdate(world, { ...base, signature: infinityG2 }),
    straySignature: makeUpdate(world, { ...base, signature: stray }),
    keeping: makeUpdate(world, { ...base, absent: [3, 9], keep: true }),
    keepingOthers: makeUpdate(world, { attested: 97n, finalized: f88, signers: c1, absent: [4, 5, 6], keep: true }),
    keepingAtBootstrap: makeUpdate(world, { ...base, finalized: start, absent: [5], keep: true }),
    keptSame: makeUpdate(world, { ...kept, absent: [3, 9], keep: true }),
    keptChanged: makeUpdate(world, { ...kept, absent: [9, 10, 31], next: c2, carriesNext: true, keep: true }),
    keptAllSigned: makeUpdate(world, { ...kept }),
    keptNotKeeping: makeUpdate(world, { ...kept, absent: [9] }),
    keptOtherBits: makeUpdate(world, { ...kept, keptAbsent: [3], absent: [3, 9] }),
    keptNobodyAbsent: makeUpdate(world, { ...kept, keptAbsent: [] }),
    keptOtherKey: makeUpdate(world, { ...kept, absent: [3, 9], keptKey: aggregateOf(c1, []) }),
    keptRogueKey: makeUpdate(world, { ...kept, signers: rogue(c1), absent: [3, 9] }),
    keptOtherCommittee: makeUpdate(world, { ...kept, signers: other, absent: [3, 9] }),
    keptNextPeriod: makeUpdate(world, {
      attested: 151n,
      finalized: f136,
      signers: c2,
      keptAbsent: [3, 9],
      absent: [3],
    }),
    keptBelowMinimum: makeUpdate(world, { ...kept, absent: range(0, 11) }),
    keptAgain: makeUpdate(world, {
      attested: 107n,
      finalized: f96,
      signers: c1,
      keptAbsent: [9, 10, 31],
      absent: [10],
    }),
    sameSlot: makeUpdate(world, { ...base, signatureSlot: 90n }),
    finalizedAfterAttested: makeUpdate(world, { ...base, finalized: f112 }),
  }
  return {
    constructor: constructorArgs(world, 32, start, c1),
    time: timeOf(world, 201n),
    genesisTime: Number(world.genesisTime),
    committeeRoots: {
      c1: committeeRoot(c1),
      c2: committeeRoot(c2),
      c3: committeeRoot(c3),
      other: committeeRoot(other),
    },
    roots: {
      start: start.root,
      early: early.root,
      f80: f80.root,
      f80fork: f80fork.root,
      f88: f88.root,
      f136: f136.root,
    },
    updates,
    commitments: {
      keeping: commitmentOf(c1, [3, 9]),
      keptChanged: commitmentOf(c1, [9, 10, 31]),
    },
    blocks: {
      own: blockProof(world, f80),
      ancestor: blockProof(world, f80, recent),
      capella: blockProof(world, f80, old),
      oldest: blockProof(world, f80, edge),
      beyond: blockProof(world, f80, beyond, 79n),
      emptySlot: blockProof(world, f80, recent, 78n),
      acrossFork: blockProof(world, f136, f120),
      summarized: summaryProof(world, f136, old),
      summarizedDeneb: summaryProof(world, f136, ancient),
      summarizedAtEmptySlot: summaryProof(world, f136, ancient, 72n),
      bootstrap: blockProof(world, start),
      ownHash: forkless(recent),
    },
    receiptsRoots: {
      own: receiptsProof(world, f80),
      ancestor: receiptsProof(world, f80, recent),
      capella: receiptsProof(world, f80, old),
      oldest: receiptsProof(world, f80, edge),
      beyond: receiptsProof(world, f80, beyond, 79n),
      emptySlot: receiptsProof(world, f80, recent, 78n),
      acrossFork: receiptsProof(world, f136, f120),
      summarized: summaryReceiptsProof(world, f136, old),
      summarizedDeneb: summaryReceiptsProof(world, f136, ancient),
      summarizedAtEmptySlot: summaryReceiptsProof(world, f136, ancient, 72n),
      bootstrap: receiptsProof(world, start),
      forked: receiptsProof(world, f80fork),
      ...misplaced(),
    },
    evidence: {
      sameSlot: evidence(0, updates.finality, updates.conflictingBlock),
      sameBlock: evidence(0, updates.finality, updates.finalityAbsentOne),
      otherSlot: evidence(0, updates.finality, updates.rotation),
      committees: evidence(1, updates.rotation, updates.rotationOther),
      sameCommittee: evidence(1, updates.rotation, updates.rotationEarlier),
      withoutCommittee: evidence(1, updates.rotation, updates.finality),
      otherPeriod: evidence(1, updates.rotation, updates.nextPeriod),
      history: evidence(2, updates.finality, updates.forkedHistory, historyExtra(f88fork, f80fork.root)),
      sameHistory: evidence(2, updates.finality, updates.sameHistory, historyExtra(f88, f80.root)),
      historyReversed: evidence(2, updates.forkedHistory, updates.finality, historyExtra(f88fork, f80fork.root)),
      historyFalse: evidence(2, updates.finality, updates.sameHistory, historyExtra(f88, filler('false'))),
      beyondReach: evidence(2, updates.finality, updates.fulu, historyExtra(f88, f80.root)),
      invalidSecond: evidence(0, updates.finality, updates.wrongVersion),
      unknownKind: evidence(3, updates.finality, updates.conflictingBlock),
      extraGiven: evidence(0, updates.finality, updates.conflictingBlock, '0x00'),
    },
    expected: {
      own: execution(f80),
      ancestor: execution(recent),
      capella: execution(old),
      oldest: execution(edge),
      acrossFork: execution(f120),
      summarized: execution(old),
      summarizedDeneb: execution(ancient),
      bootstrap: execution(start),
    },
  }

  /** To the aggregate of all but the absent members, in period 1: the negative key, a coordinate in 64 bytes. */
  function commitmentOf(committee: Committee, absent: readonly number[]): Hex {
    const { x, y } = aggregateOf(committee, absent)
    const words = [x, bls12_381.fields.Fp.neg(y)].flatMap((value) => [value >> 256n, BigInt.asUintN(256, value)])
    const types = [
      { type: 'uint256' },
      { type: 'bytes32' },
      ...words.map(() => ({ type: 'uint256' })),
      { type: 'bytes' },
    ]
    return keccak256(encodeAbiParameters(types, [1n, pubkeysRootOf(committee), ...words, bitsOf(32, absent)]))
  }
  /** The committee, with secrets of one who knows only what he chose. */
  function rogue(committee: Committee): Committee {
    return { ...committee, secrets: secretsOf('rogue', 32) }
  }
  function historyExtra(block: BeaconBlock, leaf: Hex): Hex {
    return concatHex([leaf, ...block.state.branch(blockRootIndex(world, block.slot, 80n))])
  }
  /** What stands in other places of a final block's body, shown as if it were its receipts root. */
  function misplaced() {
    const shown = (gindex: bigint) => {
      const branch = f80.body.branch(gindex)
      return concatHex(['0x03', f80.aroundBody, f80.body.node(gindex), ...branch])
    }
    // the block hash, a leaf; Capella's place in Deneb's body, a node one level up; a level below the leaf
    return { blockHash: shown(812n), shallower: shown(403n), deeper: shown(2n * 803n) }
  }
  /** The raw header, to compare with. */
  function execution(block: BeaconBlock): Hex {
    return block.execution
  }
  /** A block proof whose execution header is another block's. */
  function forkless(block: BeaconBlock): Hex {
    return concatHex(['0x00', f80.header, ...f80.body.branch(812n), block.execution])
  }
}

/** Committees that no honest chain has: what would happen if a state ever held one. */
function hostileCommittees() {
  const world = minimal
  const secrets = secretsOf('hostile', 32)
  const honest = committeeOf(secrets)
  const order = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001n
  const cancelling = committeeOf(
    secrets.map((secret, i) => (i < 22 && i % 2 === 1 ? order - (secrets[i - 1] ?? 0n) : secret)),
  )
  const absent = range(22, 32)
  const withKey = (index: number, key: Committee['aggregate']): Committee => ({
    ...honest,
    keys: honest.keys.map((own, i) => (i === index ? key : own)),
  })
  const someone = hashToG2(filler('some message')).toAffine()
  const cases = {
    cancellingWithZeroSignature: { signers: cancelling, absent, signature: infinityG2 },
    cancellingWithSignature: { signers: cancelling, absent, signature: someone },
    strayAggregate: { signers: { ...honest, aggregate: strayG1() }, absent: [] },
    strayAggregateLessOne: { signers: { ...honest, aggregate: strayG1() }, absent: [4] },
    infinityAggregate: { signers: { ...honest, aggregate: { x: 0n, y: 0n } }, absent: [] },
    aggregateOffTheCurve: { signers: { ...honest, aggregate: { x: 1n, y: 1n } }, absent: [] },
    absentKeyOffTheCurve: { signers: withKey(4, { x: 1n, y: 1n }), absent: [4] },
    absentKeyAtInfinity: { signers: withKey(4, { x: 0n, y: 0n }), absent: [4] },
    honest: { signers: honest, absent: [4] },
  }
  return Object.fromEntries(
    Object.entries(cases).map(([name, spec]) => {
      const start = makeBlock(world, 72n, { current: spec.signers })
      const update = makeUpdate(world, { attested: 90n, finalized: makeBlock(world, 80n), ...spec })
      return [name, { constructor: constructorArgs(world, 32, start, spec.signers), update }]
    }),
  )
}

function mainnetVectors() {
  const world = mainnetSized
  const signers = committeeOf(secretsOf('mainnet 1', 512))
  const next = committeeOf(secretsOf('mainnet 2', 512))
  const start = makeBlock(world, 8192n + 64n, { current: signers })
  const finalized = makeBlock(world, 8192n + 96n)
  const base = { attested: 8192n + 170n, finalized, signers, next }
  // 256 members of the first word sign and 86 of the second: a popcount that wraps at 256 sees 86.
  const popcount = range(256, 426)
  return {
    constructor: constructorArgs(world, 512, start, signers),
    time: timeOf(world, 8192n + 200n),
    finalizedSlot: Number(finalized.slot),
    updates: {
      all: makeUpdate(world, base),
      absentOne: makeUpdate(world, { ...base, absent: [300] }),
      absentTwo: makeUpdate(world, { ...base, absent: [41, 477] }),
      rotationAbsentThree: makeUpdate(world, { ...base, absent: [14, 141, 433], carriesNext: true }),
      absentThree: makeUpdate(world, { ...base, absent: [14, 141, 433] }),
      absentTen: makeUpdate(world, { ...base, absent: range(0, 10).map((i) => 7 + 51 * i) }),
      absentFifty: makeUpdate(world, { ...base, absent: range(0, 50).map((i) => 3 + 10 * i) }),
      fullWord: makeUpdate(world, { ...base, absent: popcount }),
      belowMinimum: makeUpdate(world, { ...base, absent: range(256, 427) }),
      halfSigned: makeUpdate(world, { ...base, absent: range(256, 512) }),
    },
  }
}

/** Hashes to G2, by @noble/curves, in the format of EIP-2537: every coordinate 64 bytes. */
function hashVectors() {
  const messages = range(0, 16).map((i) => filler(`message ${i}`))
  const points = messages.map((message) => {
    const { x, y } = hashToG2(message).toAffine()
    return concatHex([x.c0, x.c1, y.c0, y.c1].map((value) => numberToHex(value, { size: 64 })))
  })
  return { messages, points }
}

const files = {
  'minimal.json': minimalVectors(),
  'forks.json': { time: timeOf(minimal, 100n), ...forkVectors() },
  'gloas.json': gloasVectors(),
  'hostile-committees.json': hostileCommittees(),
  'mainnet-sized.json': mainnetVectors(),
  'hash-to-g2.json': hashVectors(),
}
writeVectors(
  Object.fromEntries(
    Object.entries(files).map(([name, content]) => [`ethereum/${name}`, `${JSON.stringify(content, null, 2)}\n`]),
  ),
)
