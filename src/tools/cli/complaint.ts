/** An error as people and programs read it: what happened, why, and how to fix it, with its code. */

import { clean, type Pen } from './pen.ts'

/** What there is to say of something thrown. */
export interface Complaint {
  readonly code: string
  readonly what: string
  readonly why?: string
  readonly fix?: string
  readonly details?: unknown
}

/** Reads what was thrown. Whatever is not one of callboard's own errors is `UNEXPECTED`. */
export function complaintOf(thrown: unknown): Complaint {
  const { code, what, why, fix, details } = (thrown ?? {}) as Partial<Record<keyof Complaint, unknown>>
  if (typeof code !== 'string' || typeof what !== 'string')
    return {
      code: 'UNEXPECTED',
      what: thrown instanceof Error ? thrown.message : String(thrown),
      fix: 'Run it again with --verbose to see where.',
    }
  return {
    code,
    what,
    ...(typeof why === 'string' ? { why } : {}),
    ...(typeof fix === 'string' ? { fix } : {}),
    ...(details !== undefined && Object.keys(details as object).length > 0 ? { details } : {}),
  }
}

/** Writes it to standard error: lines for people, one document with `--json`. */
export function complain(thrown: unknown, pen: Pen, { json, verbose }: { readonly json: boolean; readonly verbose: boolean }): void {
  const complaint = complaintOf(thrown)
  if (json) {
    pen.line(JSON.stringify({ error: complaint }))
    return
  }
  const { code, what, why, fix } = complaint
  pen.line(`${pen.paint('red', '✕')} ${clean(what)}  ${pen.paint('dim', code)}`)
  if (why) pen.line(`  ${clean(why)}`)
  if (fix) pen.line(`  ${pen.paint('bold', '→')} ${clean(fix)}`)
  if (verbose && thrown instanceof Error) pen.line(pen.paint('dim', stackOf(thrown)))
}

function stackOf(error: Error): string {
  const { stack = '', cause } = error
  return cause instanceof Error ? `${stack}\nbecause of ${stackOf(cause)}` : stack
}
