/** What stands on the stage: two bands of the same shape, folded from the views. Pure. */

import type { Blocked, HoldView, QueueView, TopicView, WorkerView } from '../../../../extras/admin/model.ts'
import { shortWorker } from './worker-name.ts'

/** One who gets: a service that listens, or a worker that performs. */
export interface Target {
  readonly id: string
  readonly label: string
  /** What stands below the name. */
  readonly note: string
  readonly blocked: Blocked
  /** Waits before it. */
  readonly waiting: number
  /** Where it leads. */
  readonly screen: string
  readonly params: Readonly<Record<string, string>>
}

/** One topic or task with who says it and who gets it. */
export interface Play {
  readonly id: string
  readonly style: 'implicit' | 'explicit'
  readonly name: string
  readonly queue?: string
  readonly rate?: number
  /** Waits in it: tasks that no worker has taken. */
  readonly waiting: number
  readonly blocked: Blocked
  /** Of tasks: what waits at gates. */
  readonly holds?: readonly HoldView[]
  readonly senders: readonly string[]
  readonly targets: readonly Target[]
}

/** Who has said what, as far as it was seen: `implicit books.released` → names. */
export type Senders = Readonly<Record<string, readonly string[]>>

/** How many are shown of those that are alike. */
const most = 8

/** The upper band: topics, and the services that listen. */
export function implicitPlays(topics: readonly TopicView[], senders: Senders): Play[] {
  return topics.map((topic) => ({
    id: `implicit ${topic.name}`,
    style: 'implicit',
    name: topic.name,
    ...(topic.rate === undefined ? {} : { rate: topic.rate }),
    waiting: 0,
    blocked: 'none',
    senders: shownSenders(senders[`implicit ${topic.name}`]),
    targets: capped(
      topic.subscriptions.map((each) => ({
        id: `implicit ${topic.name} ${each.service}`,
        label: each.service,
        note: each.workers.length > 1 ? `${each.workers.length} workers` : '',
        blocked: each.blocked,
        waiting: each.waiting,
        screen: 'topics',
        params: { topic: topic.name },
      })),
      (more) => ({ id: `implicit ${topic.name} …`, label: `${more} more`, screen: 'topics', params: { topic: topic.name } }),
    ),
  }))
}

/** The lower band: tasks, and the workers that perform them. */
export function explicitPlays(queues: readonly QueueView[], workers: readonly WorkerView[], senders: Senders): Play[] {
  return queues.flatMap((queue) => {
    const tasks = [...new Set(queue.lanes.map(({ task }) => task))]
    return tasks.map((task): Play => {
      const lanes = queue.lanes.filter((lane) => lane.task === task)
      const serving = workers.filter((worker) => worker.serves.some(({ style, name }) => style === 'explicit' && name === task))
      // Those that do not tell of themselves are seen asking, without their names.
      const asking = Math.max(0, ...lanes.map((lane) => lane.asking)) > 0 ? ['some worker'] : []
      const names = serving.length > 0 ? serving.map(({ name }) => name) : asking
      return {
        id: `explicit ${task}`,
        style: 'explicit',
        name: task,
        queue: queue.name,
        waiting: lanes.reduce((sum, { waiting }) => sum + waiting, 0),
        blocked: queue.blocked,
        holds: queue.holds.filter(({ name }) => name === task),
        senders: shownSenders(senders[`explicit ${task}`]),
        targets: capped(
          names.map((name) => {
            const worker = serving.find((each) => each.name === name)
            const own = worker?.serves.find((each) => each.style === 'explicit' && each.name === task)
            return {
              id: `explicit ${task} ${name}`,
              label: own?.service ?? shortWorker(name),
              note: [
                own ? shortWorker(name) : '',
                own ? `${own.running} of ${own.slots} busy` : '',
                worker?.stage === 'draining' ? 'draining' : '',
              ]
                .filter(Boolean)
                .join(' · '),
              blocked: 'none' as const,
              waiting: 0,
              screen: 'workers',
              params: {},
            }
          }),
          (more) => ({ id: `explicit ${task} …`, label: `${more} more`, screen: 'workers', params: {} }),
        ),
      }
    })
  })
}

type Rest = Pick<Target, 'id' | 'label' | 'screen' | 'params'>

function capped(targets: readonly Target[], rest: (more: number) => Rest): readonly Target[] {
  if (targets.length <= most) return targets
  const left = targets.slice(most - 1)
  const waiting = left.reduce((sum, each) => sum + each.waiting, 0)
  return [...targets.slice(0, most - 1), { note: '', blocked: 'none', waiting, ...rest(left.length) }]
}

const shownSenders = (seen: readonly string[] = []): readonly string[] => {
  if (seen.length === 0) return ['whoever']
  return seen.length <= 4 ? seen : [...seen.slice(0, 3), `${seen.length - 3} more`]
}

/** A play in one sentence: the text twin of the picture. */
export function sentence(play: Play, done: (id: string) => number): string {
  const { name, targets, style, waiting } = play
  if (style === 'implicit') {
    if (targets.length === 0) return `${name}: nobody listens. What is published is kept for those who come later.`
    const each = targets.map((target) => {
      const behind = target.waiting > 0 ? `, ${target.waiting} waiting` : ''
      return `${target.label} (${done(target.id)} since this page was opened${behind}${said(target.blocked)})`
    })
    return `${name}: ${targets.length === 1 ? '1 subscription gets' : `${targets.length} subscriptions get`} a copy each of every event: ${each.join(', ')}.`
  }
  if (targets.length === 0) return `${name}: no worker performs it; ${waiting} waiting in the queue ${play.queue}.`
  const each = targets.map((target) => `${target.label} (${done(target.id)} since this page was opened)`)
  return `${name}: ${waiting} waiting in the queue ${play.queue}${said(play.blocked)}; exactly one of ${targets.length === 1 ? 'one worker' : `${targets.length} workers`} gets each task: ${each.join(', ')}.`
}

/** What holds it up, in a word. */
export function said(blocked: Blocked): string {
  return blocked === 'none' || blocked === 'busy' || blocked === 'scheduled'
    ? ''
    : `, ${blocked === 'no-worker' ? 'no worker is there' : blocked}`
}
