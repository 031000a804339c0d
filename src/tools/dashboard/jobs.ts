/** Things done to many: they go on in the server when the page is closed, tell how far they are, and can be stopped. */

import { asError } from '../../base/errors.ts'
import { newId } from '../../base/ids.ts'
import type { Admin, BulkReport } from '../../extras/admin/index.ts'

/** What can be done to all that match. */
export const bulkActions = ['redrive', 'discard', 'cancel', 'runNow'] as const

/** One of them. */
export type BulkAction = (typeof bulkActions)[number]

/** A job as it is told. */
export interface JobView {
  readonly id: string
  readonly action: BulkAction
  readonly selector: string
  readonly startedAt: number
  readonly endedAt?: number
  readonly done: number
  readonly matched: number
  readonly state: 'running' | 'done' | 'stopped' | 'failed'
  readonly report?: BulkReport
  readonly error?: string
}

/** How many that have ended are remembered. */
const kept = 20

/** All jobs of one dashboard. */
export interface Jobs {
  list(): JobView[]
  start(action: BulkAction, selector: string, limit: number | undefined): JobView
  /** False: there is none that runs. */
  stop(id: string): boolean
  stopAll(): void
}

/** `changed` is told whenever one has come further. */
export function jobs(admin: Admin, changed: () => void): Jobs {
  const all = new Map<string, { view: JobView; readonly stop: AbortController }>()

  function update(id: string, more: Partial<JobView>): void {
    const job = all.get(id)
    if (!job) return
    job.view = { ...job.view, ...more }
    changed()
  }

  async function run(id: string, { action, selector }: JobView, limit: number | undefined, signal: AbortSignal): Promise<void> {
    const progress = (done: number, matched: number): void => update(id, { done, matched })
    try {
      const report = await admin[action](selector, { signal, progress, ...(limit === undefined ? {} : { limit }) })
      update(id, { endedAt: Date.now(), state: report.stopped ? 'stopped' : 'done', matched: report.matched, report })
    } catch (error) {
      update(id, { endedAt: Date.now(), state: 'failed', error: asError(error).message })
    }
    const ended = [...all].filter(([, { view }]) => view.endedAt !== undefined)
    for (const [old] of ended.slice(0, Math.max(0, ended.length - kept))) all.delete(old)
  }

  return {
    list: () => [...all.values()].map(({ view }) => view).reverse(),
    start(action, selector, limit) {
      const id = newId()
      const stop = new AbortController()
      const view: JobView = { id, action, selector, startedAt: Date.now(), done: 0, matched: 0, state: 'running' }
      all.set(id, { view, stop })
      void run(id, view, limit, stop.signal)
      return view
    },
    stop(id) {
      const job = all.get(id)
      if (!job || job.view.endedAt !== undefined) return false
      job.stop.abort()
      return true
    },
    stopAll() {
      for (const { stop } of all.values()) stop.abort()
    },
  }
}
