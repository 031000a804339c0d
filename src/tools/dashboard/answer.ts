/** Answers: JSON that says what went wrong and how to mend it, with payloads no larger than can be looked at. */

import { asError, type CallboardError, type ErrorKind, registry } from '../../base/errors.ts'
import type { Refusal } from './guard.ts'

const statuses: Readonly<Partial<Record<ErrorKind, number>>> = {
  input: 400,
  connection: 503,
  unknown: 503,
  time: 504,
  message: 422,
  task: 409,
}

/** Of a payload that is larger as JSON only the beginning is sent. */
const most = 200_000

/** An answer in JSON. */
export function json(value: unknown, status = 200): Response {
  const body = JSON.stringify(value, (_, each) => (typeof each === 'bigint' ? `${each}n` : each))
  return new Response(body, { status, headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' } })
}

/** Says no. */
export function refused({ status, what, fix }: Refusal): Response {
  return json({ what, fix }, status)
}

/** What was thrown, as it may be told: without its stack and its cause. */
export function failed(thrown: unknown): Response {
  const error = asError(thrown)
  if (!isOurs(error)) return json({ what: error.message, fix: 'Look into the log of the process that serves the dashboard.' }, 500)
  const status = error.code === 'NOT_FOUND' ? 404 : (statuses[registry[error.code].kind] ?? 500)
  return json({ code: error.code, what: error.what, why: error.why, fix: error.fix }, status)
}

const isOurs = (error: Error): error is CallboardError => 'code' in error && 'fix' in error && (error.code as string) in registry

/** A view whose payload can be sent. `cut`: it is not the whole of it, or cannot be written as JSON and be the same. */
export function withPayload<T extends { readonly data?: unknown }>(
  view: T,
  show: boolean,
): T & { readonly cut?: true; readonly masked?: true } {
  if (view.data === undefined) return view
  if (!show) return { ...view, data: undefined, masked: true }
  const budget = { left: most, cut: false }
  const data = bounded(view.data, budget, 0)
  return budget.cut ? { ...view, data, cut: true } : { ...view, data }
}

interface Budget {
  left: number
  cut: boolean
}

function bounded(value: unknown, budget: Budget, depth: number): unknown {
  if (typeof value === 'string') {
    const fits = Math.max(0, budget.left)
    budget.left -= value.length
    if (value.length <= fits) return value
    budget.cut = true
    return `${value.slice(0, fits)}… (${value.length} characters)`
  }
  budget.left -= 8
  if (typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value))) return cutTo(`${String(value)}`, budget)
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Uint8Array) return cutTo(`${value.length} bytes: ${Buffer.from(value.subarray(0, 300)).toString('hex')}`, budget)
  if (value instanceof Date) return cutTo(value.toJSON(), budget)
  if (depth > 100) return cutTo('… (nested deeper)', budget)
  if (Array.isArray(value)) {
    const kept: unknown[] = []
    for (const each of value) {
      if (budget.left <= 0) {
        kept.push(cutTo(`… (${value.length} in all)`, budget))
        break
      }
      kept.push(bounded(each, budget, depth + 1))
    }
    return kept
  }
  const kept: Record<string, unknown> = Object.create(null)
  for (const [key, each] of Object.entries(value)) {
    if (budget.left <= 0) {
      kept['…'] = cutTo('more', budget)
      break
    }
    budget.left -= key.length
    kept[key] = bounded(each, budget, depth + 1)
  }
  return kept
}

function cutTo(text: string, budget: Budget): string {
  budget.cut = true
  budget.left -= text.length
  return text
}
