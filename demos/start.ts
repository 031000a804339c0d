/**
 * `npm start`: a broker and the demos, to be watched. Ends with the score, by itself or with Ctrl-C.
 * Shows implicit and explicit invocation beside each other, between processes, under crashes.
 */

import { readOptions, usage } from './stage/options.ts'
import { show } from './stage/show.ts'

try {
  const options = readOptions(process.argv.slice(2))
  if (options.help) console.log(usage)
  else {
    const { scores, stopped } = await show(options, process.stdout, true)
    process.exitCode = stopped || scores.every(({ ok }) => ok) ? 0 : 1
  }
} catch (error) {
  console.error(`\n${(error as Error).message}\n`)
  process.exitCode = 2
}
