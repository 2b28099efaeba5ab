/** What somebody else needs for the same work. */
export interface Peer {
  readonly name: string
  readonly value: number
  readonly source: string
}

/** One thing to measure. One file each in `scenarios/`. */
export interface Scenario {
  readonly id: string
  readonly unit: 'gas'
  /** `transaction`: what the sender pays, whole. `execution`: without base cost and calldata. */
  readonly measure: 'transaction' | 'execution'
  /** Must stay at or below this; null where the figure is only reported. */
  readonly floor: number | null
  /** What a bare prototype without any of the safety needed; null where there is none. */
  readonly aim: number | null
  readonly peers: readonly Peer[]
  /** The figure, or why it cannot be had here. */
  run(context: Context): Promise<number | Skip>
}

/** What scenarios share. */
export interface Context {
  /** Folder of real chain data, which may be absent. */
  readonly fixtures: string
}

/** Why a scenario was not measured. */
export interface Skip {
  readonly skipped: string
}

/** A scenario with its figure. */
export type Measured = Omit<Scenario, 'run'> & { readonly value: number }

/** Everything that `bench` says. */
export interface Report {
  readonly scenarios: readonly Measured[]
  readonly skipped: readonly { readonly id: string; readonly reason: string }[]
}

/** Runs scenarios one after the other: two at once would share the cores. */
export async function measure(scenarios: readonly Scenario[], context: Context): Promise<Report> {
  const measured: Measured[] = []
  const skipped: { id: string; reason: string }[] = []
  for (const { run, ...scenario } of scenarios) {
    const value = await run(context)
    if (typeof value === 'number') measured.push({ ...scenario, value })
    else skipped.push({ id: scenario.id, reason: value.skipped })
  }
  return { scenarios: measured, skipped }
}
