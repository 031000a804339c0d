/** Counts mails by the ids of their tasks, and explains the duplicates. */

import type { Player } from '../stage/player.ts'
import type { Report } from '../stage/report.ts'
import type { Score } from '../stage/score.ts'
import type { Mail } from './mailbox.ts'

/** How many readers there are, and how many of them cannot be reached; unknown with a mail server that is not ours. */
interface Expected {
  readonly readers: number
  readonly gone: number | undefined
}

/** A mailer that was killed, and what it had begun and not been heard to acknowledge. */
interface Killed {
  readonly name: string
  readonly inFlight: ReadonlySet<string>
}

/** Counts tasks and mails. */
export class Count {
  published = 0
  readonly enqueued = new Set<string>()
  /** Every copy of every mail that was taken, in order. */
  readonly taken: Mail[] = []
  readonly #planned = new Set<string>()
  readonly #ended = new Set<string>()
  readonly #buried = new Set<string>()
  readonly #starts = new Map<string, number>()
  readonly #running = new Map<Player, Set<string>>()
  readonly #acknowledged = new Map<Player, string[]>()
  #killed: Killed | undefined

  hear({ what, id, style, verdict }: Report, player: Player): void {
    if (what === 'stored' && style === 'explicit') this.enqueued.add(id)
    if (what === 'finished' && player.name === 'planner' && verdict === 'ack') this.#planned.add(id)
    if (player.name === 'planner') return
    if (what === 'started') {
      this.#starts.set(id, (this.#starts.get(id) ?? 0) + 1)
      this.#runs(player).add(id)
    }
    if (what === 'finished') {
      if (verdict !== 'bury') this.#runs(player).delete(id)
      if (verdict === 'ack') this.#ended.add(id)
      this.#acknowledged.set(player, [...(this.#acknowledged.get(player) ?? []), id])
    }
    if (what === 'buried') {
      this.#runs(player).delete(id)
      this.#ended.add(id)
      this.#buried.add(id)
    }
  }

  /** Tasks that were given up. */
  get dead(): number {
    return this.#buried.size
  }

  /** Whether every task has come to an end and nothing runs any more, but in the process that was killed. */
  settled(readers: number): boolean {
    const running = [...this.#running].some(([{ name }, runs]) => name !== this.#killed?.name && runs.size > 0)
    return this.enqueued.size >= readers && this.#ended.size >= this.enqueued.size && !running
  }

  /**
   * A mailer is about to be killed. Gives how many mails it is sending. The last ones it told to have ended, as many as it
   * sends at once, count as in flight too: the broker may not have heard of them yet.
   */
  kill(player: Player, atOnce: number): number {
    const running = this.#runs(player)
    this.#killed = { name: player.name, inFlight: new Set([...running, ...(this.#acknowledged.get(player) ?? []).slice(-atOnce)]) }
    return running.size
  }

  score(name: string, { readers, gone }: Expected): Score {
    const sent = new Set(this.taken.map(({ id }) => id))
    const strangers = [...sent].filter((id) => !this.enqueued.has(id)).length
    const lost = [...this.enqueued].filter((id) => !sent.has(id) && !this.#buried.has(id)).length
    const duplicates = this.taken.length - sent.size
    const explained = this.#explained()
    const succeeded = [...sent].filter((id) => this.#ended.has(id) && !this.#buried.has(id)).length
    const sane = sent.size > 0 && strangers === 0 && (gone ?? this.#buried.size) === this.#buried.size
    const complete = this.#planned.size === this.published && this.enqueued.size === readers && succeeded + this.#buried.size === readers
    return {
      name,
      published: this.published,
      delivered: this.#planned.size,
      enqueued: this.enqueued.size,
      succeeded,
      dead: this.#buried.size,
      retried: [...this.#starts.values()].reduce((sum, times) => sum + times - 1, 0),
      duplicates,
      lost,
      ok: sane && complete && lost === 0 && duplicates === explained.length,
      explained,
    }
  }

  /** A further copy is explained where the mailer that brought the one before it was killed before it could acknowledge it. */
  #explained(): string[] {
    return this.taken.flatMap((mail, index) => {
      const before = this.taken.slice(0, index).findLast(({ id }) => id === mail.id)
      if (before === undefined || before.mailer !== this.#killed?.name || !this.#killed.inFlight.has(mail.id)) return []
      return [`${mail.to} got a copy from ${before.mailer}, killed before it could acknowledge the task, and one from ${mail.mailer}`]
    })
  }

  #runs(player: Player): Set<string> {
    const runs = this.#running.get(player) ?? new Set()
    this.#running.set(player, runs)
    return runs
  }
}
