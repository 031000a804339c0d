/**
 * Three questions that orchestrators ask, answered as a web-standard handler.
 *
 * /livez    does the event loop run? Whoever hears an answer knows. It tells what last held the loop, too.
 * /readyz   connected, the streams there, the services running? 503 with the reasons where not. /healthz is the same.
 * /metrics  the metrics that were handed over, as Prometheus reads them
 */

import { atMost } from '../../base/deadline.ts'
import { anything, readOptions, time, wrong } from '../../base/options.ts'
import type { Board, Duration, EventMap } from '../../index.ts'

/** How the questions are answered. */
export interface HealthOptions {
  /** What answers at `/metrics`: that of `callboard/prometheus`, or of its shape. Default: nothing, and 404. */
  readonly metrics?: { readonly contentType: string; text(): Promise<string> }
  /** Names of services that must run before this process is ready. Default: whichever were begun on the board. */
  readonly services?: readonly string[]
  /** How long the broker may take to answer. Default 2 s. Edge: less than the orchestrator waits. */
  readonly within?: Duration
}

/** Whether a process can do its work. */
export interface Readiness {
  readonly ready: boolean
  /** What is missing, in words; empty where it is ready. */
  readonly reasons: readonly string[]
}

/** Answers. */
export interface Health {
  /** Answers a request. Never throws. */
  readonly fetch: (request: Request) => Promise<Response>
  /** Looks whether this process can do its work. */
  readiness(): Promise<Readiness>
  /** Listens to the board no more; `/readyz` answers 503 from now on. */
  close(): void
}

const names = (value: unknown) =>
  Array.isArray(value) && value.every((each) => typeof each === 'string')
    ? (value as readonly string[])
    : wrong('it must be a list of names')

/** How the options of health are read; `serve` takes them too. */
export const healthReaders = { metrics: anything<NonNullable<HealthOptions['metrics']>>(), services: names, within: time(1) }

/** Answers for a board. Throws INVALID_OPTION, UNKNOWN_OPTION. */
export function health(board: Board, options?: HealthOptions): Health {
  return open(board, readOptions('health()', options, healthReaders))
}

/** `health`, its options read. */
export function open(board: Board, { metrics, services, within = 2_000 }: Omit<HealthOptions, 'within'> & { within?: number }): Health {
  let held: (EventMap['blocked'] & { readonly at: number }) | undefined
  let connected = true
  let closed = false
  const deafen = [
    board.on('blocked', (told) => {
      held = { ...told, at: Date.now() }
    }),
    board.on('connection', ({ state }) => {
      connected = state === 'back'
    }),
  ]

  async function readiness(): Promise<Readiness> {
    const reasons = closed ? ['This process is closing.'] : [...servicesMissing(board, services), ...(await brokerMissing())]
    return { ready: reasons.length === 0, reasons }
  }

  async function brokerMissing(): Promise<string[]> {
    if (!connected) return ['The connection to the broker is lost; it is dialled.']
    try {
      const missing = await atMost(within, board.inspect.missing())
      if (missing === undefined) return [`The broker did not answer within ${within} ms.`]
      return missing.map((stream) => `The stream ${stream} is not there.`)
    } catch (error) {
      return [`The broker could not be asked: ${(error as Error).message}`]
    }
  }

  const answers: Readonly<Record<string, () => Promise<Response> | Response>> = {
    '/livez': () =>
      json(200, { live: true, ...(held && { blocked: { ms: held.ms, at: held.at, by: held.by.map(whose), sure: held.sure } }) }),
    '/readyz': ready,
    '/healthz': ready,
    '/metrics': async () => {
      if (metrics === undefined)
        return json(404, { error: 'No metrics are kept here. Hand over those of callboard/prometheus: { metrics: metrics(board) }.' })
      return new Response(await metrics.text(), { headers: { 'content-type': metrics.contentType } })
    },
  }

  async function ready(): Promise<Response> {
    const found = await readiness()
    return json(found.ready ? 200 : 503, found)
  }

  return {
    async fetch(request) {
      const answer = answers[new URL(request.url).pathname.replace(/(.)\/$/, '$1')]
      if (answer === undefined) return json(404, { error: `There are ${Object.keys(answers).join(', ')}.` })
      if (request.method !== 'GET' && request.method !== 'HEAD') return json(405, { error: 'Ask with GET.' }, { allow: 'GET, HEAD' })
      try {
        return await answer()
      } catch (error) {
        return json(500, { error: (error as Error).message })
      }
    },
    readiness,
    close() {
      closed = true
      for (const each of deafen) each()
    },
  }
}

/** Services that must run and do not, in words. */
function servicesMissing({ services }: Board, wanted: readonly string[] | undefined): string[] {
  const stages = new Map(services.map(({ name, stage }) => [name, stage]))
  const all = [...new Set([...(wanted ?? []), ...stages.keys()])]
  return all.flatMap((name) => {
    const stage = stages.get(name) ?? 'not started'
    return stage === 'running' ? [] : [`The service ${name} is ${stage}.`]
  })
}

const whose = ({ service, name, id }: EventMap['blocked']['by'][number]) => ({ service, name, id })

/** Answers are of the moment, and for whoever asked. */
const json = (status: number, body: object, headers: Readonly<Record<string, string>> = {}): Response =>
  new Response(`${JSON.stringify(body)}\n`, {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers },
  })
