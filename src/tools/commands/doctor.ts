/** `callboard doctor`: looks at this machine, the broker and the streams, and says what to do. */

import type { Board, Durability, WorkerFact } from '../../index.ts'
import type { Call } from '../cli/call.ts'
import { complaintOf } from '../cli/complaint.ts'
import { exitOf } from '../cli/exit.ts'
import { clean } from '../cli/pen.ts'
import { ago, many, size, span } from '../cli/words.ts'

/** One thing that was looked at. */
export interface Finding {
  readonly name: string
  /** `note`: worth knowing, and nothing has to be done. */
  readonly state: 'ok' | 'note' | 'bad'
  readonly text: string
  /** What to do. */
  readonly fix?: string
}

/** Clocks this far apart spoil schedules and ages, in ms. */
const mostSkew = 2000
/** An event loop held for so long makes leases and heartbeats late, in ms. */
const longHeld = 1000
/** A store this full is told, as a part of one. */
const nearlyFull = 0.8

/** `callboard doctor`. */
export async function doctor(call: Call): Promise<number> {
  const findings: Finding[] = [nodeFinding(process.versions.node)]
  let exit = 0
  try {
    findings.push(...(await brokerFindings(call)))
  } catch (thrown) {
    const { what, why, fix, code } = complaintOf(thrown)
    findings.push({ name: 'broker', state: 'bad', text: `${[what, why].filter(Boolean).join(' ')} (${code})`, ...(fix ? { fix } : {}) })
    exit = exitOf(thrown)
  }
  const bad = findings.filter(({ state }) => state === 'bad').length
  call.show({ ok: bad === 0, findings }, () => [
    ...findings.flatMap((each) => lines(call, each)),
    bad === 0 ? 'all is well' : `${many(bad, 'thing needs', 'things need')} attention`,
  ])
  return exit || (bad > 0 ? 9 : 0)
}

const marks = { ok: ['●', 'green'], note: ['·', 'dim'], bad: ['✕', 'red'] } as const

function lines({ out }: Call, { name, state, text, fix }: Finding): string[] {
  const [mark, style] = marks[state]
  return [
    `${out.paint(style, mark)} ${name.padEnd(11)} ${clean(text)}`,
    ...(fix ? [`  ${' '.repeat(11)} ${out.paint('bold', '→')} ${clean(fix)}`] : []),
  ]
}

async function brokerFindings(call: Call): Promise<Finding[]> {
  const monitor = call.flag('monitor')
  const board = await call.board(monitor === undefined ? {} : { monitor })
  const drift: string[] = []
  board.on('drift', ({ sentences }) => drift.push(...sentences))
  const { featuresTold } = await import('../../extras/server/index.ts')
  const [broker, durability] = await Promise.all([board.inspect.broker(), board.durability()])
  return [
    {
      name: 'broker',
      state: 'ok',
      text: `nats-server ${broker.version} at ${broker.server}${broker.cluster ? `, cluster ${broker.cluster}` : ''}, answers in ${span(broker.rtt)}`,
    },
    ...featuresTold(broker.version).flatMap((line) => featureFinding(line, broker.version)),
    clockFinding(broker.time, broker.rtt),
    durabilityFinding(durability),
    storageFinding(broker.storage, broker.storageLimit),
    ...(await workFindings(board)),
    ...(await board.inspect.workers()).flatMap((worker) => loopFinding(worker)),
    ...drift.map(
      (text): Finding => ({
        name: 'drift',
        state: 'note',
        text,
        fix: 'If the program that owns the board says so, nothing has to be done; else open it once with { onDrift: "update" }.',
      }),
    ),
  ]
}

/** What this Node is to callboard. */
export function nodeFinding(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const works = major > 20 || (major === 20 && minor >= 19)
  if (!works) return { name: 'node', state: 'bad', text: `node ${version} is too old`, fix: 'Run node 20.19 or newer.' }
  if (major === 20)
    return { name: 'node', state: 'note', text: `node ${version} works, and gets no more security fixes`, fix: 'Move to node 22 or 24.' }
  return { name: 'node', state: 'ok', text: `node ${version}` }
}

function featureFinding(line: string, version: string): Finding[] {
  return line.endsWith('(yes)') ? [] : [{ name: 'features', state: 'note', text: `nats-server ${version} lacks ${line}` }]
}

/** How far the clock of the broker is from this one. */
export function clockFinding(time: number | undefined, rtt: number, now = Date.now()): Finding {
  if (time === undefined) return { name: 'clock', state: 'note', text: 'the broker does not tell its time' }
  const skew = Math.abs(now - time)
  if (skew <= mostSkew + rtt) return { name: 'clock', state: 'ok', text: `within ${span(Math.max(skew, 1))} of the broker's` }
  return {
    name: 'clock',
    state: 'bad',
    text: `this clock is ${span(skew)} ${now > time ? 'ahead of' : 'behind'} the broker's: times, ages and schedules are off by as much`,
    fix: 'Let both machines set their clocks over the network (chrony, systemd-timesyncd).',
  }
}

/** What a power cut would cost. */
export function durabilityFinding({ level, sentence }: Durability): Finding {
  const text = sentence.replace(/^durability /, '')
  if (level === 'D2' || level === 'D4') return { name: 'durability', state: 'ok', text }
  if (level === 'unknown')
    return {
      name: 'durability',
      state: 'note',
      text,
      fix: 'Say --monitor http://host:8222, or let the servers tell: see nats-server.conf.',
    }
  return { name: 'durability', state: 'note', text, fix: 'sync_interval: always in nats-server.conf loses nothing, and is slower.' }
}

/** How much room is left. A limit refuses cleanly; a full disk does not. */
export function storageFinding(used: number, limit: number): Finding {
  if (limit <= 0) return { name: 'storage', state: 'note', text: `${size(used)} used; the account has no limit of its own` }
  const part = used / limit
  const text = `${size(used)} of ${size(limit)} used`
  return part < nearlyFull
    ? { name: 'storage', state: 'ok', text }
    : { name: 'storage', state: 'bad', text, fix: 'Let workers drain the queues, discard dead letters, or raise max_file_store.' }
}

/** Who held the event loop of a worker; nothing where nobody did for long. */
export function loopFinding({ name: worker, lag, held }: Pick<WorkerFact, 'name' | 'lag' | 'held'>, now = Date.now()): Finding[] {
  if (held === undefined && lag < longHeld) return []
  const whose = held && `${held.name} of ${held.service}${held.sure ? '' : ', or what ran beside it,'}`
  const text = held
    ? `${whose} held the event loop of ${worker} for ${span(held.ms)}, ${ago(held.at, now)}`
    : `the event loop of ${worker} was held for ${span(lag)}, by no handler`
  const bad = (held?.ms ?? lag) >= longHeld
  return [{ name: 'loop', state: bad ? 'bad' : 'note', text, fix: 'Move what computes for long into a thread, or cut it into pieces.' }]
}

/** Work that nobody does. */
async function workFindings(board: Board): Promise<Finding[]> {
  const [queues, subscriptions] = await Promise.all([board.inspect.queues(), board.inspect.subscriptions()])
  const idle = queues.flatMap(({ name, performers }) =>
    performers
      .filter(({ waiting, asking, paused }) => waiting > 0 && asking === 0 && !paused)
      .map(
        ({ task, lane, waiting }): Finding => ({
          name: 'queue',
          state: 'bad',
          text: `${many(waiting, `${task} task`)} (${lane}) in ${name}, and no worker asks for them`,
          fix: 'Start a service that performs them: callboard start ./app.ts; busy workers ask again when they are done.',
        }),
      ),
  )
  const asleep = subscriptions
    .filter(({ waiting, asking, paused }) => waiting > 0 && asking === 0 && !paused)
    .map(
      ({ service, topic, waiting }): Finding => ({
        name: 'sub',
        state: 'note',
        text: `${many(waiting, 'event')} on ${topic} for ${service}, which does not listen: it will catch up`,
        fix: `Start ${service}, or end it for good: callboard subs leave ${service} ${topic}`,
      }),
    )
  return [...idle, ...asleep]
}
