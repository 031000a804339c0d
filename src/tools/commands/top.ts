/** `callboard top`: the board on a terminal, live. */

import { asError } from '../../base/errors.ts'
import type { Admin } from '../../extras/admin/index.ts'
import type { Call } from '../cli/call.ts'
import { clean } from '../cli/pen.ts'
import { UsageError } from '../cli/usage.ts'
import { aborted } from './start.ts'
import { frame, type Known, type State } from './top-frame.ts'
import { type Deed, press } from './top-keys.ts'

/** How often the broker is asked, in ms. */
const asking = 1000
/** How often the screen is drawn, in ms: times pass between two answers. */
const drawing = 250

const alone = '\u001b[?1049h\u001b[?25l'
const together = '\u001b[?25h\u001b[?1049l'
const home = '\u001b[H'
const restOfLine = '\u001b[K'
const restOfScreen = '\u001b[J'

/** `callboard top`. */
export async function top(call: Call): Promise<number> {
  const admin = await call.admin()
  const state: State = {
    now: Date.now(),
    namespace: admin.board.namespace,
    known: undefined,
    pane: 'queues',
    row: 0,
    filter: '',
    typing: false,
    help: false,
    note: '',
  }
  if (call.on('once') || call.json) {
    const known = await look(admin)
    call.show(known, () => frame({ ...state, known }, call.out, Number.MAX_SAFE_INTEGER))
    return 0
  }
  if (!call.out.tty || !call.host.stdin.isTTY)
    throw new UsageError('top wants a terminal.', 'Say --once for one look, or --json for a program.')
  return watch(call, admin, state)
}

async function look(admin: Admin): Promise<Known> {
  const [overview, queues, topics, subs, dead] = await Promise.all([
    admin.overview(),
    admin.queues(),
    admin.topics(),
    admin.subscriptions(),
    admin.deadGroups(),
  ])
  return { at: Date.now(), overview, queues, topics, subs, dead }
}

async function watch(call: Call, admin: Admin, first: State): Promise<number> {
  const { host, out } = call
  let state = first
  const over = new AbortController()
  const draw = () => {
    state = { ...state, now: Date.now() }
    const lines = frame(state, out, host.stdout.rows || 24)
    out.raw(`${home}${lines.map((line) => `${line}${restOfLine}`).join('\r\n')}${restOfScreen}`)
  }
  const read = async () => {
    const known = await look(admin).catch((error: unknown) => {
      state = { ...state, note: clean(asError(error).message) }
      return undefined
    })
    if (known) state = { ...state, known }
  }
  const act = async (deed: Deed) => {
    if (deed.do === 'end') return over.abort()
    const note = await done(admin, deed).catch((error: unknown) => asError(error).message)
    await read()
    state = { ...state, note: clean(note) }
  }
  const hear = (data: Buffer) => {
    for (const key of keysIn(data.toString())) {
      if (key === '\u0003') return over.abort()
      const { state: next, deed } = press(state, key)
      state = next
      if (deed) void act(deed)
    }
    draw()
  }
  const ask = async () => {
    while (!over.signal.aborted) {
      await read()
      await new Promise((resolve) => setTimeout(resolve, asking))
    }
  }
  out.raw(alone)
  host.stdin.setRawMode(true)
  host.stdin.resume().on('data', hear)
  const timer = setInterval(draw, drawing)
  try {
    void ask()
    draw()
    await Promise.race([aborted(call.signal), aborted(over.signal)])
  } finally {
    over.abort()
    clearInterval(timer)
    host.stdin.off('data', hear).setRawMode(false)
    host.stdin.pause()
    out.raw(together)
  }
  return 0
}

/** What a terminal sends for its keys. */
const named: Readonly<Record<string, string>> = {
  '\u001b[A': 'up',
  '\u001b[B': 'down',
  '\r': 'enter',
  '\n': 'enter',
  '\u001b': 'escape',
  '\u007f': 'back',
  '\b': 'back',
}

/** The keys in what a terminal has sent. */
export function keysIn(text: string): string[] {
  return (text.match(/\u001b\[[A-Z]|[\s\S]/gu) ?? []).map((key) => named[key] ?? key)
}

/** Does it, and says what was done. */
async function done(admin: Admin, deed: Exclude<Deed, { do: 'end' }>): Promise<string> {
  switch (deed.do) {
    case 'pauseQueue':
      await admin.pauseQueue(deed.queue)
      return `${deed.queue} is paused`
    case 'resumeQueue':
      await admin.resumeQueue(deed.queue)
      return `${deed.queue} goes on`
    case 'pauseSub':
      await admin.pauseSubscription(deed.service, deed.topic)
      return `${deed.service} gets nothing of ${deed.topic} until it is resumed`
    case 'resumeSub':
      await admin.resumeSubscription(deed.service, deed.topic)
      return `${deed.service} goes on`
    case 'redrive': {
      const { done, refusals } = await admin.redrive(deed.selector)
      return `${done} redriven${refusals > 0 ? `, ${refusals} refused` : ''}`
    }
  }
}
