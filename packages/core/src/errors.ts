/**
 * Base of every error that Meridian throws. Callers branch on `code` and read `context`; the text is for people.
 *
 * @example
 * class BranchError extends MeridianError<'BRANCH_LENGTH', { expected: number; given: number }> {}
 */
export class MeridianError<
  Code extends string = string,
  Context extends Readonly<Record<string, unknown>> = Readonly<Record<string, unknown>>,
> extends Error {
  readonly code: Code
  readonly context: Context

  constructor(code: Code, message: string, context: Context, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
    this.code = code
    this.context = context
  }
}

/** Whether `error` is a {@link MeridianError} with this code. Works across copies of the package. */
export function hasCode<Code extends string>(error: unknown, code: Code): error is MeridianError<Code> {
  return error instanceof Error && 'code' in error && error.code === code && 'context' in error
}
