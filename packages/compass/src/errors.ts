import { MeridianError } from '@meridian/core'

/** Another process holds the store's folder. */
export class StoreLockedError extends MeridianError<'STORE_LOCKED', { readonly folder: string }> {
  constructor(folder: string, options?: ErrorOptions) {
    super('STORE_LOCKED', `the store in ${folder} is in use by another Compass`, { folder }, options)
  }
}

/** The store's folder, or the database that it is in, cannot be used. */
export class StoreError extends MeridianError<'STORE', { readonly place: string; readonly detail: string }> {
  constructor(place: string, detail: string, options?: ErrorOptions) {
    super('STORE', `the store in ${place}: ${detail}`, { place, detail }, options)
  }
}

/** The disk of the store has too little room: nothing is written, and so nothing is sent, until there is more. Bytes. */
export class StoreFullError extends MeridianError<
  'STORE_FULL',
  { readonly folder: string; readonly free: number; readonly expected: number }
> {
  constructor(folder: string, free: number, expected: number) {
    const [has, needs] = [free, expected].map((bytes) => Math.floor(bytes / 2 ** 20))
    super('STORE_FULL', `the store in ${folder}: its disk has ${has} MiB free, and needs ${needs}`, {
      folder,
      free,
      expected,
    })
  }
}

/** Another Compass has taken over what this one was doing: what it was about to write is not written. */
export class LeaseLostError extends MeridianError<'LEASE_LOST', { readonly lease: string; readonly holder: string }> {
  constructor(lease: string, holder: string) {
    super('LEASE_LOST', `${holder} does not hold ${lease} any more`, { lease, holder })
  }
}

/** An event that a message in its state cannot take: a bug, never a state of the world. */
export class IllegalTransitionError extends MeridianError<
  'ILLEGAL_TRANSITION',
  { readonly orderId: string; readonly state: string; readonly event: string }
> {
  constructor(orderId: string, state: string, event: string) {
    super('ILLEGAL_TRANSITION', `message ${orderId} is ${state}: it cannot take ${event}`, { orderId, state, event })
  }
}

/** The configuration is not what Compass takes: one line a problem, each with its path. */
export class ConfigError extends MeridianError<'CONFIG', { readonly problems: readonly string[] }> {
  constructor(problems: readonly string[], options?: ErrorOptions) {
    super('CONFIG', problems.join('\n'), { problems }, options)
  }
}

/** The source chain took back what it had called final, or the endpoint says so. An operator has to look. */
export class FinalityViolationError extends MeridianError<
  'FINALITY_VIOLATION',
  { readonly chainId: bigint; readonly block: bigint; readonly expected: string; readonly given: string }
> {
  constructor(chainId: bigint, block: bigint, expected: string, given: string) {
    super('FINALITY_VIOLATION', `chain ${chainId}: block ${block} was final as ${expected} and is now ${given}`, {
      chainId,
      block,
      expected,
      given,
    })
  }
}

/** What a chain's endpoints show ends before what was read of it already: they are behind, or it is another chain. */
export class HeadBehindError extends MeridianError<
  'HEAD_BEHIND',
  { readonly chainId: bigint; readonly expected: bigint; readonly given: bigint }
> {
  constructor(chainId: bigint, expected: bigint, given: bigint) {
    const message = `chain ${chainId}: its newest block is said to be block ${given}, and was read up to block ${expected}`
    super('HEAD_BEHIND', message, { chainId, expected, given })
  }
}

/** The logs of a range do not add up to the lane's counter: the endpoint left some out. */
export class IncompleteLogsError extends MeridianError<
  'INCOMPLETE_LOGS',
  { readonly fromChain: bigint; readonly toChain: bigint; readonly expected: bigint; readonly given: bigint }
> {
  constructor(fromChain: bigint, toChain: bigint, expected: bigint, given: bigint) {
    super(
      'INCOMPLETE_LOGS',
      `lane ${fromChain}-${toChain}: expected nonce ${expected}, the endpoint's logs give ${given}`,
      { fromChain, toChain, expected, given },
    )
  }
}

/** Routes of the contracts and the configuration contradict each other. */
export class RouteError extends MeridianError<
  'ROUTE',
  { readonly fromChain: bigint; readonly toChain: bigint; readonly detail: string }
> {
  constructor(fromChain: bigint, toChain: bigint, detail: string) {
    super('ROUTE', `lane ${fromChain}-${toChain}: ${detail}`, { fromChain, toChain, detail })
  }
}
