/** One finding: what was looked at, how it is, and what mends it. */
export interface DoctorLine {
  readonly subject: string
  readonly status: 'ok' | 'warn' | 'fail'
  readonly detail: string
  /** Null where nothing is to be mended. */
  readonly mend: string | null
}

export const ok = (subject: string, detail: string): DoctorLine => ({ subject, status: 'ok', detail, mend: null })
export const warn = (subject: string, detail: string, mend: string): DoctorLine => ({
  subject,
  status: 'warn',
  detail,
  mend,
})
export const fail = (subject: string, detail: string, mend: string): DoctorLine => ({
  subject,
  status: 'fail',
  detail,
  mend,
})

/** A check whose failure is a finding. */
export async function attempt(subject: string, mend: string, check: () => Promise<DoctorLine>): Promise<DoctorLine> {
  try {
    return await check()
  } catch (error) {
    return fail(subject, (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '', mend)
  }
}
