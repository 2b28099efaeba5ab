import { Gauge, Registry } from 'prom-client'

/** What is known of an asset's two sides. */
export interface SupplySample {
  /** Units of the token. */
  readonly locked: bigint
  /** Units of the token. */
  readonly outstanding: bigint
  readonly ok: boolean
  /** When it was read: milliseconds since the epoch. */
  readonly at: number
}

/** Compass' figures for Prometheus. */
export interface Metrics {
  supply(pair: string, sample: SupplySample): void
  /** All of it in the exposition format, and that format's content type. */
  render(): Promise<{ readonly contentType: string; readonly text: string }>
}

/** A registry of its own, so that two of them in a process do not meet. Gauges are doubles: 53 bits of an amount. */
export function createMetrics(): Metrics {
  const registry = new Registry()
  const gauge = (name: string, help: string): Gauge<'pair'> =>
    new Gauge({ name, help, labelNames: ['pair'], registers: [registry] })
  const locked = gauge('meridian_supply_locked', 'Units locked against what was minted, at a final block')
  const outstanding = gauge('meridian_supply_outstanding', 'Units minted and not burned, at a final block')
  const ok = gauge('meridian_supply_ok', '1 while no more is outstanding than locked, 0 from the alarm on')
  const readAt = gauge('meridian_supply_read_timestamp_seconds', 'When both sides were read last')
  return {
    supply(pair, sample) {
      locked.set({ pair }, Number(sample.locked))
      outstanding.set({ pair }, Number(sample.outstanding))
      ok.set({ pair }, sample.ok ? 1 : 0)
      readAt.set({ pair }, sample.at / 1_000)
    },
    render: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  }
}
