/** The stage: where the processes of one demo play, and where their story is watched until it has come true. */

import { fileURLToPath } from 'node:url'
import { type Board, callboard } from 'callboard'
import { type Keys, nameOf } from './keys.ts'
import { type Part, type Player, play } from './player.ts'
import type { Random } from './random.ts'
import type { Report } from './report.ts'
import type { Score } from './score.ts'
import type { Terminal } from './terminal.ts'

/** How fast it goes: with nobody looking on, with somebody, or with somebody at a keyboard. */
export type Tempo = 'headless' | 'watched' | 'played'

/** A demo: prepared before the broker runs, so that what is wrong with its options is told at once. */
export interface Demo {
  readonly name: string
  /** What it shows, in one line. */
  readonly title: string
  /** What the banner says of it: label, address, remark. */
  readonly places: readonly (readonly [string, string, string])[]
  /** Plays it. Throws when something does not come true. */
  play(stage: Stage): Promise<void>
  /** What may be done with its players once it has been played, by keys. */
  encore?(stage: Stage): void
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
  readonly tempo: Tempo
  /** Undefined: there is no keyboard. */
  readonly keys: Keys | undefined
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
  readonly tempo: Tempo
  /** Somebody has halted the work: what takes long is not broken. */
  halted = false
  readonly #keys: Keys | undefined
  readonly #boards: Board[] = []
  readonly #signal: AbortSignal
  readonly #players: Player[] = []
  readonly #watchers = new Set<() => void>()
  #failed: Error | undefined

  constructor({ terminal, random, servers, namespace, tempo, keys, signal }: StageOptions) {
    this.terminal = terminal
    this.random = random
    this.servers = servers
    this.namespace = namespace
    this.tempo = tempo
    this.#keys = keys
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

  /** A board of the demo's own process, which is closed when the stage is cleared. */
  async board(name: string): Promise<Board> {
    const board = await callboard({ servers: this.servers, namespace: this.namespace, name })
    this.#boards.push(board)
    return board
  }

  /** From now on a key does something, where there is a keyboard. */
  key(key: string, says: string, act: () => unknown): void {
    this.#keys?.on(key, says, act)
  }

  /** What comes next may be done by a key; without one it comes by itself after so many ms, and at once where there is no keyboard. */
  async turn(key: string, says: string, within: number): Promise<void> {
    if (!this.#keys) return
    const { line, paint } = this.terminal
    line(`  ${paint('bold', `${nameOf(key)}: ${says}`)}   ${paint('dim', `now, or by itself in ${within / 1000} s`)}`)
    let pressed = false
    const off = this.#keys.on(key, says, () => {
      pressed = true
      this.changed()
    })
    await this.comes(() => pressed, within).finally(off)
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
    do if (await this.comes(come, patience)) return
    while (this.halted)
    throw new Error(`${what}: not within ${patience / 1000} s`)
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
    await this.comes(() => false, { headless: ms / 10, watched: ms / 3, played: ms }[this.tempo])
  }

  /** Has everybody leave in good order. */
  async clear(): Promise<void> {
    await Promise.all(this.#players.filter((player) => !player.gone).map((player) => player.leave()))
    await Promise.all(this.#boards.map((board) => board.close()))
  }
}
