/**
 * The one ear of the server: reads what happens once, and tells all streams, each no faster than it can read.
 *
 * What happened goes out 20 times a second at most, that something has changed 4 times a second at most, and that nothing has
 * once a second. To a stream that does not keep up first what happened is not told, then changes are told as one.
 */

import type { Admin, TraceEntry } from '../../extras/admin/index.ts'
import type { Flow, Hello, Tick } from './messages.ts'

const flowEvery = 50
const tickEvery = 250
const idleEvery = 1_000

/** A broker that has not answered for so long is told as lost, although its connection stands. */
const patience = 2_500

/** Entries of one telling; more are only counted. */
const mostEntries = 200

/** Bytes that wait for one stream before it is left out. */
const mostWaiting = 256 * 1024

interface Listener {
  send(event: string, data: unknown): void
  end(): void
}

/** What the hub gives. */
export interface Hub {
  /** A stream of server-sent events, beginning with `hello`. */
  open(hello: () => Omit<Hello, 'now'>, signal: AbortSignal): Response
  /** Grows with every change. */
  readonly version: number
  /** Something has changed that the hub does not hear of itself. */
  changed(): void
  close(): void
}

/** Opens the hub of a board. Nothing is read while nobody listens. */
export function hub(admin: Admin): Hub {
  const listeners = new Set<Listener>()
  const encoder = new TextEncoder()
  let change = 0
  let told = 0
  let waiting: TraceEntry[] = []
  let more = 0
  let flowed = 0
  let flushing: NodeJS.Timeout | undefined
  let lostSince: number | undefined
  let known = ''
  let stop: AbortController | undefined
  let ticking: NodeJS.Timeout | undefined
  let askedAt: number | undefined

  const silentSince = (): number | undefined => (askedAt !== undefined && Date.now() - askedAt > patience ? askedAt : undefined)
  const tick = (): Tick => {
    const since = lostSince ?? silentSince()
    return { now: Date.now(), change, ...(since === undefined ? { broker: 'ok' } : { broker: 'lost', since }) }
  }
  const tell = (event: string, data: unknown): void => {
    for (const each of listeners) each.send(event, data)
  }
  const tellTick = (): void => {
    clearTimeout(ticking)
    ticking = undefined
    told = Date.now()
    tell('tick', tick())
  }
  const changed = (): void => {
    change++
    ticking ??= setTimeout(tellTick, Math.max(0, told + tickEvery - Date.now()))
  }
  const hear = (entry: TraceEntry): void => {
    if (waiting.length < mostEntries) waiting.push(entry)
    else more++
    flushing ??= setTimeout(flush, Math.max(0, flowed + flowEvery - Date.now()))
  }
  const flush = (): void => {
    flushing = undefined
    flowed = Date.now()
    const flow: Flow = { entries: waiting, more }
    waiting = []
    more = 0
    tell('flow', flow)
    changed()
  }
  /** What no entry tells: another process, or a ledger that is off. */
  const compare = async (): Promise<void> => {
    const { at: _, ...overview } = await admin.overview()
    const now = JSON.stringify(overview)
    // The first time too: what has changed between a page's first look and this one is not known.
    if (now !== known) changed()
    known = now
  }

  const unhear = admin.board.on('connection', ({ state }) => {
    lostSince = state === 'lost' ? (lostSince ?? Date.now()) : undefined
    change++
    tellTick()
  })

  function begin(): void {
    const ending = new AbortController()
    stop = ending
    known = ''
    const idle = setInterval(() => {
      if (Date.now() - told >= idleEvery - 50) tellTick()
      if (askedAt !== undefined || lostSince !== undefined) return
      askedAt = Date.now()
      void compare()
        .catch(() => undefined)
        .finally(() => {
          askedAt = undefined
        })
    }, idleEvery)
    ending.signal.addEventListener('abort', () => clearInterval(idle))
    void follow(ending.signal)
  }

  /** Reads what happens until nobody listens; begins again where the reading broke off. */
  async function follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        for await (const entry of admin.tail({ signal })) hear(entry)
        return
      } catch {
        await new Promise((resolve) => setTimeout(resolve, idleEvery))
      }
    }
  }

  function open(hello: () => Omit<Hello, 'now'>, signal: AbortSignal): Response {
    let leave = (): void => undefined
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>(
      {
        start(controller) {
          const listener: Listener = {
            send(event, data) {
              // One that does not read is not written to; it hears the next tick that finds room.
              if ((controller.desiredSize ?? 0) <= (event === 'flow' ? mostWaiting / 2 : 0)) return
              const id = event === 'tick' ? `id: ${change}\n` : ''
              controller.enqueue(encoder.encode(`event: ${event}\n${id}data: ${JSON.stringify(data)}\n\n`))
            },
            end: () => leave(),
          }
          leave = () => {
            if (!listeners.delete(listener)) return
            if (listeners.size === 0) stop?.abort()
            try {
              controller.close()
            } catch {
              // It was cancelled by its reader.
            }
          }
          if (signal.aborted) return controller.close()
          signal.addEventListener('abort', leave)
          listeners.add(listener)
          if (listeners.size === 1) begin()
          listener.send('hello', { ...hello(), now: Date.now() })
          listener.send('tick', tick())
        },
        cancel: () => leave(),
      },
      new ByteLengthQueuingStrategy({ highWaterMark: mostWaiting }),
    )
    return new Response(body, {
      headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' },
    })
  }

  return {
    get version() {
      return change
    },
    open,
    changed,
    close() {
      unhear()
      stop?.abort()
      clearTimeout(ticking)
      clearTimeout(flushing)
      for (const each of [...listeners]) each.end()
    },
  }
}
