import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { silent } from './docstrings.ts'
import { files, root } from './tree.ts'

const doors = ['src/index.ts', ...files('src/extras', /^src\/extras\/([\w-]+\.ts|[\w-]+\/index\.ts)$/), 'src/tools/dashboard/index.ts']

test('everything a user can import says what it is', () => {
  expect(silent(doors)).toEqual([])
})

test('what says nothing is found, also behind another file', () => {
  mkdirSync(join(root, '.callboard/silent'), { recursive: true })
  const put = (name: string, text: string) => writeFileSync(join(root, '.callboard/silent', name), text)
  put(
    'inner.ts',
    '/** Speaks. */\nexport const spoken = 1\nexport const quiet = 2\nexport interface Mute {}\n// only a comment\nexport function muttered() {}',
  )
  put('door.ts', "export * from './inner.ts'\nexport { test } from 'vitest'")
  put('empty.ts', '')
  const path = '.callboard/silent'
  expect(silent([`${path}/door.ts`, `${path}/empty.ts`])).toEqual([
    `${path}/door.ts: Mute`,
    `${path}/door.ts: muttered`,
    `${path}/door.ts: quiet`,
    `${path}/empty.ts: exports nothing`,
  ])
})
