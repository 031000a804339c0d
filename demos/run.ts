/**
 * `npm run demo [name] -- [--json] [--seed N]`: the demos without a pause, as fast as they go, the same again for the same seed.
 * Exit code 0 only if the counts hold; with `--json` they are one document on standard output, and the story goes to standard error.
 */

import { readOptions, usage } from './stage/options.ts'
import { show } from './stage/show.ts'

try {
  const options = readOptions(process.argv.slice(2))
  if (options.help) console.log(usage)
  else {
    const { scores, stopped } = await show(options, options.json ? process.stderr : process.stdout, false)
    if (options.json) process.stdout.write(`${JSON.stringify({ demos: scores }, null, 2)}\n`)
    process.exitCode = !stopped && scores.every(({ ok }) => ok) ? 0 : 1
  }
} catch (error) {
  console.error(`\n${(error as Error).message}\n`)
  process.exitCode = 2
}
