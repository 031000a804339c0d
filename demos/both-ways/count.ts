/** Counts what was said and done, by what the processes told. */

import type { Report } from '../stage/report.ts'
import type { Score } from '../stage/score.ts'
import { placed, refused, reserved } from './contracts.ts'

const topics: readonly string[] = [placed.name, reserved.name, refused.name]

/** What must come out, both ways. */
export interface Expected {
  readonly orders: number
  readonly books: number
}

/** Counts events and tasks. */
export class Count {
  readonly #published = new Map<string, string>()
  readonly #enqueued = new Map<string, string>()
  readonly #heard = new Map<string, number>()
  readonly #done = new Map<string, number>()
  readonly #cancelled = new Set<string>()
  readonly #buried = new Set<string>()
  #retried = 0

  hear({ what, id, name = '', style, duplicate, attempt = 1, verdict }: Report, who: string): void {
    if (what === 'stored' && !duplicate) (style === 'implicit' ? this.#published : this.#enqueued).set(id, name)
    if (what === 'started' && attempt > 1) this.#retried++
    if (what === 'buried') this.#buried.add(`${who} ${id}`)
    if (what !== 'finished' || verdict !== 'ack') return
    const of = topics.includes(name) ? this.#heard : this.#done
    const key = of === this.#heard ? `${who} ${name} ${id}` : id
    of.set(key, (of.get(key) ?? 0) + 1)
  }

  cancelled(id: string): void {
    this.#cancelled.add(id)
  }

  /** How many tasks were done. */
  get done(): number {
    return this.#done.size
  }

  /** How many events of a topic were published. */
  said(topic: { readonly name: string }): number {
    return [...this.#published.values()].filter((name) => name === topic.name).length
  }

  /** How many events of a topic somebody has handled. */
  heard(who: string, topic: { readonly name: string }): number {
    return [...this.#heard.keys()].filter((key) => key.startsWith(`${who} ${topic.name} `)).length
  }

  score(name: string, { orders, books }: Expected): Score {
    const twice = [...this.#heard.values(), ...this.#done.values()].reduce((sum, times) => sum + times - 1, 0)
    const due = 2 * this.said(placed) + this.said(reserved) + this.said(refused)
    const ended = [...this.#enqueued.keys()].filter((id) => this.#done.has(id) || this.#cancelled.has(id)).length
    const lost = due - this.#heard.size + this.#enqueued.size - ended - this.#buried.size
    const asItWas = this.said(placed) === orders && this.said(reserved) === books && this.said(refused) === orders - books
    const asAsked = this.#done.size === orders + books && this.#cancelled.size === books
    return {
      name,
      published: this.#published.size,
      delivered: this.#heard.size,
      enqueued: this.#enqueued.size,
      succeeded: this.#done.size,
      dead: this.#buried.size,
      retried: this.#retried,
      duplicates: twice,
      lost,
      ok: asItWas && asAsked && lost === 0 && twice === 0 && this.#buried.size === 0 && this.#retried === 2,
      explained: [],
    }
  }
}
