/** The blocks of README and docs that are marked `ts run`, each in a process of its own. */

import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from 'nats'
import { expect, inject, test } from 'vitest'
import { extract, type Snippet, snippets, write } from '../repo/snippets.ts'
import { root } from '../repo/tree.ts'
import { script } from '../setup/built.ts'

const url = inject('natsUrl')
const folder = '.callboard/built/running'
const documented = snippets(folder)

const planted = extract(
  'planted.md',
  `
\`\`\`ts run
import { writeSync } from 'node:fs'
const servers = 'nats://127.0.0.1:4222'
console.log(servers === process.env.NATS_URL)
writeSync(1, 'and the end')
// Prints:
//   true
//   and the end
\`\`\`
\`\`\`ts run
console.log('half')
console.error('no such thing')
process.exitCode = 3
\`\`\`
`,
  folder,
)

const here = (code: string) => code.replaceAll('nats://127.0.0.1:4222', url)
write([...documented, ...planted].map((block) => script({ ...block, above: here(block.above), code: here(block.code) })))

test.each(planted.slice(0, 1))('a block runs against the broker: $name', async (block) => {
  expect(await run(block)).toEqual({ code: 0, printed: block.prints, complained: '' })
})

test.each(planted.slice(1))('a block that fails says how: $name', async (block) => {
  expect(await run(block)).toEqual({ code: 3, printed: ['half'], complained: 'no such thing\n' })
})

test.each(documented.filter((block) => block.run))('$name does what it says', async (block) => {
  await forget()
  const ended = await run(block)
  expect(ended.code, ended.complained).toBe(0)
  if (block.prints) expect(ended.printed).toEqual(block.prints)
})

/** Blocks use the namespace of somebody who reads along: each begins where nothing was declared, and they run one by one. */
async function forget(): Promise<void> {
  const connection = await connect({ servers: url })
  const manager = await jetstreamManager(connection)
  for await (const name of manager.streams.names()) if (name.startsWith('CALLBOARD_')) await manager.streams.delete(name)
  await connection.close()
}

/** Runs a block that was written; gives how it ended. */
function run(block: Snippet): Promise<{ code: unknown; printed: string[]; complained: string }> {
  const options = { cwd: root, timeout: 120_000, env: { ...process.env, NATS_URL: url } }
  return new Promise((resolve) => {
    execFile(process.execPath, [join(root, script(block).file)], options, (error, stdout, stderr) => {
      const printed = stdout
        .trimEnd()
        .split('\n')
        .map((line) => line.trimEnd())
      resolve({ code: error ? (error.code ?? error.signal) : 0, printed, complained: stderr })
    })
  })
}
