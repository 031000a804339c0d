/** What producers and workers have in common: their orders, their board, and noticing that they were held up. */

import { getHeapStatistics } from 'node:v8'
import { type Board, callboard } from '../../src/board/board.ts'
import { type Count, kept, type Orders } from './contract.ts'
import { now, type Recorder, recorder } from './history.ts'

/** Its orders, and its pen. */
export function member(): { orders: Orders; record: Recorder } {
  const orders = JSON.parse(process.argv[2] ?? '') as Orders
  const record = recorder(orders.folder, orders.by)
  process.on('disconnect', () => process.exit(9))
  watch(record, 'held up', orders.by)
  return { orders, record }
}

/** Tells the machine how far this process is. */
export function tell(said: number, done: number): void {
  process.send?.({ said, done, heap: getHeapStatistics().used_heap_size } satisfies Count)
}

/** How often it is looked whether the process gets its turn, in ms. */
const every = 100
/** A turn that comes this much late is written down, in ms: a busy machine is nobody's fault. */
const late = 400

/** Writes down when this process did not get its turn, whoever took it. Gives what ends that. */
export function watch(record: Recorder, what: string, by: string): () => void {
  let last = now()
  const timer = setInterval(() => {
    const at = now()
    if (at - last > every + late) record.write('fault', what, by, String(at), last)
    last = at
  }, every)
  return () => clearInterval(timer)
}

/** Opens a board, however long that takes. */
export async function open({ servers, namespace, keeping }: Orders): Promise<Board> {
  const { retention, ledger } = kept[keeping]
  for (;;) {
    try {
      return await callboard({ servers, namespace, log: false, retention, ledger: { age: ledger } })
    } catch (error) {
      if (!/CONNECTION_FAILED|PUBLISH_UNKNOWN|TIMED_OUT|BROKER|JETSTREAM|NOT_READY/.test((error as { code?: string }).code ?? ''))
        console.error(error)
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }
}
