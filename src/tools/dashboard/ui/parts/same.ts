/** What an action is called elsewhere: as a command line, as a request. Pure. */

type Body = Readonly<Record<string, unknown>>

/** A word of a shell: bare where nothing in it means something, else in quotes. */
export function word(text: string): string {
  return /^[\w.,:=@/+-]+$/.test(text) && !text.startsWith('-') ? text : `'${text.replaceAll("'", "'\\''")}'`
}

const bulk: Readonly<Record<string, string>> = {
  redrive: 'dead redrive',
  discard: 'dead discard',
  cancel: 'tasks cancel',
  runNow: 'tasks run-now',
}

/** Action → the words behind `callboard`. Those of a selector that begin with a minus stand behind `--`. */
const verbs: Readonly<Record<string, (body: Body) => readonly string[]>> = {
  publish: ({ topic, event }) => ['publish', ...rest(topic), word(JSON.stringify(event ?? null))],
  enqueue: ({ task, input, queue, delay, priority }) => [
    'enqueue',
    ...rest(task),
    word(JSON.stringify(input ?? null)),
    ...flags({ queue, delay, priority }),
  ],
  start: ({ action, selector }) => [bulk[String(action)] ?? '', selector === '' ? '--all' : chosen(String(selector))],
  redriveEdited: ({ sequence, payload }) => ['dead redrive', ...rest(sequence), '--payload', word(JSON.stringify(payload))],
  addSubscriber: ({ service, topic, from }) => ['listen', ...rest(topic), '--as', word(String(service)), ...flags({ from })],
  pauseSubscription: ({ service, topic }) => ['subs pause', ...rest(service, topic)],
  resumeSubscription: ({ service, topic }) => ['subs resume', ...rest(service, topic)],
  seekSubscription: ({ service, topic, to }) => ['subs seek', ...rest(service, topic), ...flags({ to })],
  replaySubscription: ({ service, topic, from }) => ['subs replay', ...rest(service, topic), ...flags({ from })],
  leaveSubscription: ({ service, topic }) => ['subs leave', ...rest(service, topic)],
  pauseQueue: ({ queue }) => ['queues pause', ...rest(queue)],
  resumeQueue: ({ queue }) => ['queues resume', ...rest(queue)],
  purgeQueue: ({ queue }) => ['queues purge', ...rest(queue)],
  drainWorker: (body) => ['workers drain', ...rest(body.name), ...flags({ for: body.for })],
  stopWorker: ({ name }) => ['workers stop', ...rest(name)],
  pauseSchedule: ({ name }) => ['schedules pause', ...rest(name)],
  resumeSchedule: ({ name }) => ['schedules resume', ...rest(name)],
  runSchedule: ({ name }) => ['schedules run', ...rest(name)],
  retimeSchedule: ({ name, cron, zone, every, at }) => ['schedules retime', ...rest(name), ...flags({ cron, zone, every, at })],
  removeSchedule: ({ name }) => ['schedules remove', ...rest(name)],
}

const rest = (...names: readonly unknown[]): string[] => names.map((name) => word(String(name)))
const chosen = (selector: string): string => `${selector.startsWith('-') ? '-- ' : ''}${word(selector)}`

function flags(said: Body): string[] {
  return Object.entries(said).flatMap(([name, value]) => (value === undefined || value === '' ? [] : [`--${name}`, word(String(value))]))
}

/** The command that does the same. It asks before what cannot be undone. */
export function cli(action: string, body: Body, namespace: string | undefined): string {
  const said = verbs[action]?.(body) ?? []
  const board = namespace === undefined || namespace === 'callboard' ? [] : ['--namespace', word(namespace)]
  const at = said.findIndex((each) => each.startsWith('-- '))
  const [before, after] = at < 0 ? [said, []] : [said.slice(0, at), said.slice(at)]
  return ['callboard', ...before, ...board, ...after].join(' ')
}

/** The request that does the same. */
export function curl(action: string, body: unknown, base: string): string {
  const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
  const url = new URL(`api/${action}`, base).href
  return `curl -X POST ${quoted(url)} -H 'content-type: application/json' -H 'x-callboard: 1' -d ${quoted(JSON.stringify(body))}`
}
