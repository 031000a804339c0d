/**
 * Shows work for a processor in worker threads: the event loop stays free, for acknowledgements, for the signal of a task that was called
 * off, for everything else this process does. And the same work on the main thread, where all of this has to wait.
 *
 * node --conditions=callboard-source --import tsx demos/treasure-hunt/searcher.ts <name>
 */

import { monitorEventLoopDelay } from 'node:perf_hooks'
import { callboard } from 'callboard'
import { Piscina } from 'piscina'
import { onStage } from '../stage/child.ts'
import { search } from './chests.ts'
import { found, open } from './contracts.ts'

const [name = 'searcher'] = process.argv.slice(2)
const threads = new Piscina({
  filename: new URL('thread.ts', import.meta.url).href,
  minThreads: 2,
  maxThreads: 2,
  resourceLimits: { maxOldGenerationSizeMb: 64 }, // a chest without a bottom ends its thread, not the process
})
const loop = monitorEventLoopDelay({ resolution: 10 })
loop.enable()
const board = await callboard({ name })
const stage = onStage(board, () => threads.destroy())

await board
  .service('searchers')
  .perform(
    open,
    async (range, ctx) => {
      const chest: number | undefined = range.thread ? await threads.run(range, { signal: ctx.signal }) : search(range)
      if (chest === undefined) return {}
      await ctx.publish(found, { hunt: range.hunt, chest })
      return { chest }
    },
    { concurrency: 2 },
  )
  .start()

stage.onCue('gauge', () => {
  stage.tell('held', { id: '', ms: Math.round(loop.max / 1e6) })
  loop.reset()
})
stage.ready()
