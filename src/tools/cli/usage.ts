/** What is wrong with a command line, before anything is done. */

/** A command line that cannot be understood. Shaped as callboard's own errors are: code, what, why, fix. */
export class UsageError extends Error {
  readonly code = 'USAGE'
  readonly what: string
  readonly why: string | undefined
  readonly fix: string

  constructor(what: string, fix: string, why?: string) {
    super([what, why, fix].filter((part) => part !== undefined).join(' '))
    this.name = 'UsageError'
    this.what = what
    this.why = why
    this.fix = fix
  }

  toJSON(): { code: string; what: string; why?: string; fix: string } {
    const { code, what, why, fix } = this
    return { code, what, ...(why === undefined ? {} : { why }), fix }
  }
}
