/** `callboard subs …`: each service's place in each topic. */

import { duration } from '../../base/duration.ts'
import type { SubscriptionView } from '../../extras/admin/index.ts'
import type { Call } from '../cli/call.ts'
import { durationOf, timeOf } from '../cli/said.ts'
import { type Column, table } from '../cli/table.ts'
import { UsageError } from '../cli/usage.ts'
import { ago, ahead, count, many } from '../cli/words.ts'

/** How a subscription is shown. */
export const placeColumns = (now: number): readonly Column<SubscriptionView>[] => [
  { head: 'SERVICE', field: 'service', text: ({ service }) => `┄┄▷ ${service}`, style: () => 'cyan' },
  { head: 'TOPIC', field: 'topic' },
  { head: 'WAITING', field: 'waiting', right: true, text: ({ waiting }) => count(waiting) },
  { head: 'OPEN', field: 'open', right: true, text: ({ open }) => count(open) },
  { head: 'RETRIED', field: 'again', right: true, text: ({ again }) => count(again), spare: 2 },
  { head: 'OLDEST', field: 'oldest', text: ({ oldest }) => ago(oldest, now), spare: 1 },
  {
    head: 'STATE',
    field: 'blocked',
    text: ({ blocked, paused, pausedUntil, asking, waiting }) =>
      paused
        ? pausedState(pausedUntil, now)
        : asking > 0
          ? 'listens'
          : waiting > 0
            ? blocked === 'no-worker'
              ? 'no worker, it will catch up'
              : blocked
            : 'idle',
    style: ({ paused, blocked }) => (paused ? 'yellow' : blocked === 'no-worker' ? 'red' : undefined),
  },
]

/** Anything longer is until somebody resumes it. */
const forGood = 365 * 86_400_000

/** How a pause is told. */
export const pausedState = (until: number | undefined, now: number): string =>
  until === undefined || until - now > forGood ? 'paused' : `paused, on ${ahead(until, now)}`

/** `callboard subs`. */
export async function subs(call: Call): Promise<undefined> {
  const admin = await call.admin()
  const [service, topic] = [call.flag('service'), call.flag('topic')]
  const all = await admin.subscriptions({ ...(service === undefined ? {} : { service }), ...(topic === undefined ? {} : { topic }) })
  call.show(all, () =>
    all.length === 0
      ? ['nobody subscribes']
      : [...table(placeColumns(Date.now()), all, call.out), call.out.paint('dim', many(all.length, 'subscription'))],
  )
}

/** `callboard subs pause <service> <topic>`. */
export async function pause(call: Call): Promise<undefined> {
  const [service = '', topic = ''] = call.args
  const lasting = durationOf(call, 'for')
  const until = lasting === undefined ? undefined : new Date(Date.now() + duration(lasting, 'for'))
  const admin = await call.admin()
  await admin.pauseSubscription(service, topic, until)
  return told(call, service, topic, 'gets nothing until it is resumed; events are kept for it')
}

/** `callboard subs resume <service> <topic>`. */
export async function resume(call: Call): Promise<undefined> {
  const [service = '', topic = ''] = call.args
  const admin = await call.admin()
  await admin.resumeSubscription(service, topic)
  return told(call, service, topic, 'goes on')
}

/** `callboard subs seek <service> <topic>`. */
export async function seek(call: Call): Promise<number> {
  const [service = '', topic = ''] = call.args
  const to = pointOf(call, 'to')
  if (to === undefined)
    throw new UsageError('It is not said where to go on.', 'Say --to all, new, a time as 2027-03-01T09:00Z, or a sequence.')
  const admin = await call.admin()
  const view = await admin.subscription(service, topic)
  if (call.on('dryRun')) {
    call.show({ ...view, seeks: to }, () => [
      `${service} would go on from ${String(to)} in ${topic}; ${count(view.waiting)} wait for it now`,
    ])
    return 0
  }
  if (!(await call.sure(`Move ${service} in ${topic} to ${to instanceof Date ? to.toISOString() : to}?`))) return 0
  await admin.seekSubscription(service, topic, to)
  await told(call, service, topic, `goes on from ${to instanceof Date ? to.toISOString() : to}`)
  return 0
}

/** `callboard subs replay <service> <topic>`. */
export async function replay(call: Call): Promise<number> {
  const [service = '', topic = ''] = call.args
  const [from, to] = [pointOf(call, 'from'), pointOf(call, 'to')]
  if (from === undefined || typeof from === 'string' || typeof to === 'string')
    throw new UsageError('It is not said which window.', 'Say --from and perhaps --to, each a time as 2027-03-01T09:00Z or a sequence.')
  const admin = await call.admin()
  await admin.subscription(service, topic)
  if (!(await call.sure(`Give ${service} the events of ${topic} from ${from instanceof Date ? from.toISOString() : from} once more?`)))
    return 0
  const replayed = await admin.replaySubscription(service, topic, { from, ...(to === undefined ? {} : { to }) })
  call.show({ service, topic, replayed }, () => [`┄┄▷ ${service}  ${topic}  ${many(replayed, 'event')} once more`])
  return 0
}

/** `callboard subs leave <service> <topic>`. */
export async function leave(call: Call): Promise<number> {
  const [service = '', topic = ''] = call.args
  const admin = await call.admin()
  const view = await admin.subscription(service, topic)
  const loss = view.waiting + view.open > 0 ? `, with ${many(view.waiting + view.open, 'event')} it has not handled` : ''
  if (call.on('dryRun')) {
    call.show({ ...view, left: false }, () => [`${service} would leave ${topic}${loss}`])
    return 0
  }
  if (!(await call.sure(`End the subscription of ${service} to ${topic}${loss}?`))) return 0
  const left = await admin.leaveSubscription(service, topic)
  call.show({ ...view, left }, () => [`${service} has left ${topic}: nothing is kept for it any more`])
  return 0
}

async function told(call: Call, service: string, topic: string, what: string): Promise<undefined> {
  const view = await (await call.admin()).subscription(service, topic)
  return call.show(view, () => [`┄┄▷ ${service}  ${topic}  ${what}`])
}

/** A point in a topic: `all`, `new`, a time, or a sequence. */
function pointOf(call: Call, flag: string): 'all' | 'new' | Date | number | undefined {
  const text = call.flag(flag)
  if (text === undefined || text === 'all' || text === 'new') return text
  if (/^\d{1,15}$/.test(text)) return Number(text)
  const at = timeOf(call, flag)
  if (at instanceof Date) return at
  throw new UsageError(`--${flag} has no zone.`, 'Write it as 2027-03-01T09:00Z or with an offset.')
}
