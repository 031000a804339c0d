/**
 * Group commit: what is published at the same moment is stored in one step.
 *
 * A server that syncs always syncs once for an atomic batch and once for each single message: 5,000 single messages a
 * second against 54,000 in batches of 1,000 (docs/decisions/queue-layout.md). While one or two batches are on their way the next one gathers, so its size follows
 * the load: alone, a message waits for nobody.
 * source: group commit as databases do it; DeWitt et al., Implementation Techniques for Main Memory Database Systems, 1984.
 */

import { CallboardError } from '../base/errors.ts'
import { atTurnsEnd } from '../base/turn.ts'
import { type Outgoing, sizeOf } from './outgoing.ts'
import { batchLimit, type Publisher } from './publisher.ts'
import type { Stored } from './receipt.ts'

/** Batches under way at a time. */
const mostUnderWay = 2
/** A batch is cut off at this many bytes. */
const mostBytes = 4 * 1024 * 1024

interface Member {
  readonly message: Outgoing
  readonly resolve: (stored: Stored) => void
  readonly reject: (error: unknown) => void
}

/** A publisher for messages of one stream that carry no conditions. Those with a signal go alone. */
export function groupCommit(publisher: Publisher): Pick<Publisher, 'publish' | 'publishBatch'> {
  let gathered: Member[] = []
  let underWay = 0
  let scheduled = false

  function gather(member: Member): void {
    gathered.push(member)
    if (scheduled) return
    scheduled = true
    atTurnsEnd(() => {
      scheduled = false
      leave()
    })
  }

  function leave(): void {
    while (underWay < mostUnderWay && gathered.length > 0) {
      const count = fitting(gathered)
      const batch = gathered.slice(0, count)
      gathered = gathered.slice(count)
      underWay++
      void store(batch).finally(() => {
        underWay--
        leave()
      })
    }
  }

  async function store(batch: readonly Member[]): Promise<void> {
    if (batch.length === 1) return alone(batch)
    try {
      const last = await publisher.publishBatch(batch.map(({ message }) => message))
      // Some of the ids were there before: each is judged for itself.
      if (last === undefined) return alone(batch)
      let sequence = last - batch.length
      for (const member of batch) member.resolve({ sequence: ++sequence, duplicate: false })
    } catch (error) {
      const undecided = !(error instanceof CallboardError) || error.code === 'PUBLISH_UNKNOWN' || error.code === 'CLOSED'
      if (!undecided) return alone(batch)
      for (const member of batch) member.reject(error)
    }
  }

  /** One bad message refuses a whole batch; alone, the others are stored. */
  async function alone(batch: readonly Member[]): Promise<void> {
    await Promise.all(batch.map(({ message, resolve, reject }) => publisher.publish(message).then(resolve, reject)))
  }

  return {
    publishBatch: publisher.publishBatch,
    publish<T>(message: Outgoing, signal?: AbortSignal, as?: (stored: Stored) => T): Promise<T> {
      if (signal) return publisher.publish(message, signal, as)
      const stored = new Promise<Stored>((resolve, reject) => gather({ message, resolve, reject }))
      return (as === undefined ? stored : stored.then(as)) as Promise<T>
    },
  }
}

/** How many from the front fit into one batch. */
function fitting(members: readonly Member[]): number {
  let bytes = 0
  let count = 0
  for (const { message } of members) {
    bytes += sizeOf(message)
    if (count === batchLimit || (count > 0 && bytes > mostBytes)) break
    count++
  }
  return count
}
