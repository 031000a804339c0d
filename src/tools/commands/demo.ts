/** `callboard demo`: both ways to invoke, in one process, with a broker of its own that is thrown away. */

import type { Board, EventMap } from '../../index.ts'
import type { Call } from '../cli/call.ts'
import { clean } from '../cli/pen.ts'
import { many } from '../cli/words.ts'

/** What has happened. `duplicates`: mails that were sent twice; `lost`: members that got none and have no dead letter. */
export interface Score {
  readonly published: number
  readonly heard: number
  readonly enqueued: number
  readonly succeeded: number
  readonly retried: number
  readonly dead: number
  readonly duplicates: number
  readonly lost: number
  readonly ok: boolean
}

interface Mail {
  readonly to: string
}

/** Who hears the notice, beside the planner. Nobody tells the publisher. */
const listeners = ['cast-app', 'stage-door', 'wardrobe'] as const
const members = ['ann', 'gia', 'kei', 'lou', 'mai', 'old', 'pat', 'zoe']
/** Their mailboxes are difficult: one is busy at first, one is not there. */
const [busy, gone] = ['gia', 'old']
/** How long all of it may take: it says that something is broken, not slow. In ms. */
const patience = 60_000

/** `callboard demo`. */
export async function demo(call: Call): Promise<number> {
  const { startServer } = await import('../../extras/server/index.ts')
  const server = await startServer({ port: 0, store: 'memory', signal: call.signal })
  try {
    const { callboard } = await import('../../index.ts')
    const board = await callboard({ servers: server.url, log: false })
    try {
      const score = await played(call, board)
      call.show(score, () => ['', ...scoreLines(call, score)])
      return score.ok ? 0 : 1
    } finally {
      await board.close({ drain: 0 })
    }
  } finally {
    await server.stop()
  }
}

async function played(call: Call, board: Board): Promise<Score> {
  const { Reject, task, topic } = await import('../../index.ts')
  const notice = topic<{ text: string }>('notice.posted')
  const mail = task<Mail>('mail.send', { queue: 'mail', retry: { attempts: 3, backoff: '100ms..200ms' } })
  const sent: string[] = []
  let heard = 0
  narrate(call, board)
  for (const name of listeners)
    await board
      .service(name)
      .subscribe(notice, () => {
        heard++
      })
      .start()
  await board
    .service('mail-planner')
    .subscribe(notice, async (_, ctx) => {
      heard++
      call.err.line(call.err.paint('yellow', `  ■ enqueue  mail.send, ${members.length} times`))
      for (const name of members) await ctx.enqueue(mail, { to: `${name}@example.org` })
    })
    .start()
  await board
    .service('mailer')
    .perform(
      mail,
      ({ to }, ctx) => {
        if (to.startsWith(gone)) throw new Reject('550 no such mailbox')
        if (to.startsWith(busy) && ctx.attempt === 1) throw new Error('451 greylisted, try again')
        sent.push(to)
      },
      { concurrency: 2 },
    )
    .start()
  const counted = counting(board, call.signal)
  call.err.line(call.err.paint('bold', 'One notice is posted. Who posts it names nobody.'))
  call.err.line(call.err.paint('cyan', '◇ publish  notice.posted'))
  await board.publish(notice, { text: 'Rehearsal moved to 18:30' })
  const { succeeded, retried, dead } = await counted
  const duplicates = sent.length - new Set(sent).size
  const lost = members.length - new Set(sent).size - dead
  const ok =
    heard === listeners.length + 1 && succeeded === members.length - 1 && retried === 1 && dead === 1 && duplicates === 0 && lost === 0
  return { published: 1, heard, enqueued: members.length, succeeded, retried, dead, duplicates, lost, ok }
}

/** Resolves when every member has got a mail or a dead letter. */
function counting(board: Board, signal: AbortSignal): Promise<{ succeeded: number; retried: number; dead: number }> {
  const counts = { succeeded: 0, retried: 0, dead: 0 }
  let heard = 0
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('The demo did not come to its end.')), patience)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    board.on('finished', ({ style, verdict }) => {
      if (style === 'implicit') heard++
      else if (verdict === 'ack') counts.succeeded++
      else if (verdict === 'again') counts.retried++
      else counts.dead++
      if (heard < listeners.length + 1 || counts.succeeded + counts.dead < members.length) return
      clearTimeout(timer)
      resolve(counts)
    })
  })
}

/** One line for each thing that happens. */
function narrate({ err }: Call, board: Board): void {
  board.on('finished', (run) => err.line(lineOf(run, err.paint)))
}

function lineOf({ style, service, verdict, attempt, error }: EventMap['finished'], paint: Call['err']['paint']): string {
  const arrow = style === 'implicit' ? paint('cyan', '┄┄▷') : paint('yellow', '  ──▶')
  const what = error === undefined ? '' : `  ${clean(String(error))}`
  const end = verdict === 'ack' ? paint('green', '● done') : verdict === 'again' ? paint('yellow', '↻ again') : paint('red', '✕ dead')
  return `${arrow} ${service}  ${end}${attempt > 1 ? `  attempt ${attempt}` : ''}${what}`
}

function scoreLines({ out }: Call, { published, heard, enqueued, succeeded, dead, retried, duplicates, lost }: Score): string[] {
  return [
    out.paint(
      'bold',
      `${many(published, 'notice')} → ${many(heard, 'subscription')} → ${many(enqueued, 'task')} → ${many(succeeded, 'mail')} · ${dead} dead · ${retried} retried · ${many(duplicates, 'duplicate')} · ${lost} lost`,
    ),
    `${out.paint('cyan', '◇ ┄┄▷')} implicit: the publisher does not know who runs, and cannot choose`,
    `${out.paint('yellow', '■ ──▶')} explicit: the sender names the work, and one worker does each`,
  ]
}
