/** Chains under each fork, and one that goes from Fulu into Gloas. */
import { concatHex, numberToHex } from 'viem'
import {
  blockProof,
  constructorArgs,
  minimal,
  receiptsProof,
  summaryProof,
  summaryReceiptsProof,
  timeOf,
} from './ethereum-encoding.ts'
import {
  BID_BLOCK_HASH,
  blockRootIndex,
  committeeOf,
  committeeRoot,
  makeBlock,
  makeUpdate,
  secretsOf,
  type World,
} from './ethereum-world.ts'

const forkNames = ['capella', 'deneb', 'electra', 'fulu', 'gloas'] as const

/** From Fulu, which is epoch 0 to 13 here, into Gloas: slot 112 is its first. */
export function gloasVectors() {
  const world: World = {
    ...minimal,
    name: 'gloas',
    forks: [
      { name: 'fulu', epoch: 0n, version: '0x06000001' },
      { name: 'gloas', epoch: 14n, version: '0x07000001' },
    ],
  }
  const [c1, c2] = [1, 2].map((n) => committeeOf(secretsOf(`gloas committee ${n}`, 32)))
  if (!c1 || !c2) throw new Error('two committees')
  const ancient = makeBlock(world, 40n)
  const start = makeBlock(world, 96n, { current: c1 })
  const f104 = makeBlock(world, 104n)
  const recent = makeBlock(world, 113n)
  const f116 = makeBlock(world, 116n, {
    current: c1,
    blockRoots: new Map([
      [104n, f104.root],
      [113n, recent.root],
    ]),
    summaries: new Map([[40n, ancient.root]]),
  })
  const f120 = makeBlock(world, 120n)
  const gloas = { attested: 124n, finalized: f116, signers: c1, next: c2 }
  const [bidHash, bidBranch] = [f116.body.node(BID_BLOCK_HASH), f116.body.branch(BID_BLOCK_HASH)]
  return {
    constructor: constructorArgs(world, 32, start, c1),
    constructorInGloas: constructorArgs(world, 32, f116, c1),
    time: timeOf(world, 160n),
    roots: { f104: f104.root, f116: f116.root, f120: f120.root },
    committeeRoots: { c2: committeeRoot(c2) },
    updates: {
      lastOfFulu: makeUpdate(world, { attested: 111n, finalized: f104, signers: c1 }),
      lastOfFuluWithGloasDomain: makeUpdate(world, {
        attested: 111n,
        finalized: f104,
        signers: c1,
        version: '0x07000001',
      }),
      boundary: makeUpdate(world, { attested: 114n, finalized: f104, signers: c1, absent: [3] }),
      boundaryWithFuluDomain: makeUpdate(world, {
        attested: 114n,
        finalized: f104,
        signers: c1,
        version: '0x06000001',
      }),
      gloas: makeUpdate(world, gloas),
      rotation: makeUpdate(world, { ...gloas, carriesNext: true, absent: [7, 8] }),
      afterwards: makeUpdate(world, { attested: 130n, finalized: f120, signers: c2, next: c1 }),
    },
    blocks: {
      fulu: blockProof(world, f104),
      own: blockProof(world, f116),
      ancestorOfFulu: blockProof(world, f116, f104),
      ancestor: blockProof(world, f116, recent),
      summarized: summaryProof(world, f116, ancient),
      // the bid's own block hash in the place of its parent's
      bid: concatHex(['0x00', f116.header, ...bidBranch, f116.execution]),
      bidShort: concatHex(['0x00', f116.header, ...bidBranch.slice(-11), f116.execution]),
    },
    receiptsRoots: {
      fulu: receiptsProof(world, f104),
      ancestorOfFulu: receiptsProof(world, f116, f104),
      summarized: summaryReceiptsProof(world, f116, ancient),
      own: concatHex(['0x03', f116.aroundBody, bidHash, ...bidBranch]),
      ownAsFulu: concatHex(['0x03', f116.aroundBody, f116.body.node(803n), ...f116.body.branch(803n)]),
      ancestor: concatHex([
        '0x04',
        f116.aroundState,
        ...f116.state.branch(blockRootIndex(world, f116.slot, recent.slot)),
        recent.aroundBody,
        recent.body.node(803n),
        ...recent.body.branch(803n),
      ]),
    },
    expected: {
      fulu: f104.execution,
      own: f116.execution,
      ancestorOfFulu: f104.execution,
      ancestor: recent.execution,
      summarized: ancient.execution,
    },
  }
}

/** For each fork a chain that is under it from its start, and an update with everything that an update can have. */
export function forkVectors() {
  return Object.fromEntries(
    forkNames.map((name, i) => {
      const world: World = { ...minimal, name, forks: [{ name, epoch: 0n, version: numberToHex(3 + i, { size: 4 }) }] }
      const [current, next] = [1, 2].map((n) => committeeOf(secretsOf(`${name} committee ${n}`, 32)))
      if (!current || !next) throw new Error('two committees')
      const start = makeBlock(world, 72n, { current })
      const finalized = makeBlock(world, 80n)
      const update = { attested: 90n, finalized, signers: current, next, carriesNext: true, absent: [3, 8, 9, 30] }
      return [name, { constructor: constructorArgs(world, 32, start, current), update: makeUpdate(world, update) }]
    }),
  )
}
