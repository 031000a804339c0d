/** The stage: where the processes of one demo play, and where their story is watched until it has come true. */

import { fileURLToPath } from 'node:url'
import { type Part, type Player, play } from './player.ts'
import type { Random } from './random.ts'
import type { Report } from './report.ts'
import type { Score } from './score.ts'
import type { Terminal } from './terminal.ts'

/** A demo: prepared before the broker runs, so that what is wrong with its options is told at once. */
export interface Demo {
  readonly name: string
  /** What it shows, in one line. */
  readonly title: string
  /** What the banner says of it: label, address, remark. */
  readonly places: readonly (readonly [string, string, string])[]
  /** Plays it. Throws when something does not come true. */
  play(stage: Stage): Promise<void>
  /** What has come of it so far. */
  score(): Score
  /** Gives back what it holds; the stage is empty by then. */
  close(): Promise<void>
}

/** What a demo is given. */
export interface StageOptions {
  readonly terminal: Terminal
  readonly random: Random
  /** Where the broker is. */
  readonly servers: string
  readonly namespace: string
  /** Somebody looks on: take the time it needs to be seen. */
  readonly live: boolean
  /** The performance is called off. */
  readonly signal: AbortSignal
}

/** How long something may take to come true before the demo is given up. Generous: it says that something is broken, not slow. */
const patience = 60_000

/** Where the processes of one demo play. */
export class Stage {
  readonly terminal: Terminal
  readonly random: Random
  readonly servers: string
  readonly namespace: string
  readonly live: boolean
  readonly #signal: AbortSignal
  readonly #players: Player[] = []
  readonly #watchers = new Set<() => void>()
  #failed: Error | undefined

  constructor({ terminal, random, servers, namespace, live, signal }: StageOptions) {
    this.terminal = terminal
    this.random = random
    this.servers = servers
    this.namespace = namespace
    this.live = live
    this.#signal = signal
    signal.addEventListener('abort', () => this.changed())
  }

  /**
   * Starts a process. Resolves when it says that it is ready.
   *
   * file   URL of its program
   * hear   is told everything it reports
   */
  async enter(name: string, file: URL, args: readonly string[], hear: (report: Report, player: Player) => void): Promise<Player> {
    let ready = false
    const part: Part = {
      name,
      file: fileURLToPath(file),
      args,
      env: { CALLBOARD_URL: this.servers, CALLBOARD_NAMESPACE: this.namespace },
      hear: (report) => {
        ready ||= report.what === 'ready'
        hear(report, player)
        this.changed()
      },
      onLine: (line) => this.terminal.say('note', name, `logs: ${line}`),
      onLoss: (how) => this.fail(new Error(`${name} ${how}`)),
    }
    const player = play(part)
    this.#players.push(player)
    await this.until(`${name} is ready`, () => ready)
    this.terminal.say('note', name, `is there, process ${player.pid}`)
    return player
  }

  /** Something was heard: whoever waits looks again. */
  changed(): void {
    for (const look of [...this.#watchers]) look()
  }

  /** Ends all waiting with an error. */
  fail(error: Error): void {
    this.#failed ??= error
    this.changed()
  }

  /** Waits until something has come true. `what` says what did not, if it does not. */
  async until(what: string, come: () => boolean): Promise<void> {
    if (!(await this.comes(come, patience))) throw new Error(`${what}: not within ${patience / 1000} s`)
  }

  /** Whether something comes true within some ms. */
  comes(come: () => boolean, within: number): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const error = this.#signal.aborted ? new Error('stopped early') : this.#failed
        if (error === undefined && !come()) return
        done()
        if (error) reject(error)
        else resolve(true)
      }
      const late = setTimeout(() => {
        done()
        resolve(false)
      }, within)
      const done = () => {
        clearTimeout(late)
        this.#watchers.delete(look)
      }
      this.#watchers.add(look)
      look()
    })
  }

  /** A moment to look, where somebody looks on. */
  async pause(ms: number): Promise<void> {
    await this.comes(() => false, this.live ? ms : ms / 10)
  }

  /** Has everybody leave in good order. */
  async clear(): Promise<void> {
    await Promise.all(this.#players.filter((player) => !player.gone).map((player) => player.leave()))
  }
}
