/** Counts what the members told: who has read what, how often, and in which order. */

import type { Player } from '../stage/player.ts'
import type { Report } from '../stage/report.ts'
import type { Score } from '../stage/score.ts'

/** One member's reading of one post, to the end. */
interface Reading {
  readonly id: string
  readonly player: Player
}

/** Counts readings. */
export class Count {
  /** Ids of the posts, as the broker has stored them. */
  readonly posts: string[] = []
  readonly #poster: string
  readonly #members: readonly string[]
  readonly #readings = new Map<string, Reading[]>()
  readonly #started = new Map<string, number>()
  #buried = 0

  /** members: those who are to be told of every post */
  constructor(poster: string, members: readonly string[]) {
    this.#poster = poster
    this.#members = members
  }

  hear({ what, id, style, duplicate, verdict }: Report, player: Player): void {
    if (what === 'stored' && style === 'implicit' && !duplicate) this.posts.push(id)
    if (player.name === this.#poster) return
    const run = `${player.name} ${id}`
    if (what === 'started') this.#started.set(run, (this.#started.get(run) ?? 0) + 1)
    if (what === 'buried') this.#buried++
    if (what === 'finished' && verdict === 'ack') this.#readings.set(player.name, [...this.#of(player.name), { id, player }])
  }

  /** 1 for the first post. */
  number(id: string): number {
    return this.posts.indexOf(id) + 1
  }

  hasRead(member: string, ...numbers: readonly number[]): boolean {
    return numbers.every((number) => this.#of(member).some(({ id }) => this.number(id) === number))
  }

  hasStarted(member: string, number: number): boolean {
    return this.#started.has(`${member} ${this.posts[number - 1]}`)
  }

  /** Whether a member has read everything, one after the other as it was posted. */
  inOrder(member: string): boolean {
    return this.#of(member).every(({ id }, index) => id === this.posts[index])
  }

  /** orderly: members who must have read in order; a crash changes it for the one who crashes */
  score(name: string, orderly: readonly string[]): Score {
    const readings = this.#members.flatMap((member) => this.#of(member))
    const delivered = this.#members.reduce((sum, member) => sum + new Set(this.#of(member).map(({ id }) => id)).size, 0)
    const runs = [...this.#started.values()]
    const duplicates = readings.length - delivered
    const explained = this.#members.flatMap((member) => this.#explained(member))
    const lost = this.posts.length * this.#members.length - delivered - this.#buried
    return {
      name,
      published: this.posts.length,
      delivered,
      enqueued: 0,
      succeeded: 0,
      dead: this.#buried,
      retried: runs.reduce((sum, times) => sum + times - 1, 0),
      duplicates,
      lost,
      ok: lost === 0 && this.#buried === 0 && duplicates === explained.length && orderly.every((member) => this.inOrder(member)),
      explained,
    }
  }

  /** Read twice, where the process that read it first was killed before the broker could hear of it. */
  #explained(member: string): string[] {
    const readings = this.#of(member)
    return readings.flatMap(({ id }, index) => {
      const before = readings.slice(0, index).find((each) => each.id === id)
      if (!before?.player.killed) return []
      return [`${member} read #${this.number(id)} twice: process ${before.player.pid} was killed before it could acknowledge it`]
    })
  }

  #of(member: string): readonly Reading[] {
    return this.#readings.get(member) ?? []
  }
}
