import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { read, root } from './tree.ts'

/** The tests that a page names, as `file: name`. */
function named(page: string): { row: string; tests: { file: string; name: string }[] }[] {
  const rows = page.split('\n').filter((line) => line.startsWith('| ') && !/^\| (Fault|Rule|Input|Threat) /.test(line))
  return rows.map((row) => ({
    row: row.split('|')[1]?.trim() ?? '',
    tests: [...row.matchAll(/`(test\/[^:`]+): ([^`]+)`/g)].map(([, file = '', name = '']) => ({ file, name })),
  }))
}

const [tried = '', untried = ''] = read('docs/reference/faults.md').split('## Not tried here')

describe('docs/reference/faults.md', () => {
  test.each(named(tried))('names a test that exists for: $row', ({ tests }) => {
    expect(tests).not.toEqual([])
    for (const { file, name } of tests) expect([file, existsSync(join(root, file)) && read(file).includes(name)]).toEqual([file, true])
  })

  test('says why for everything that is not tried', () => {
    const rows = untried.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| Fault'))
    expect(rows.length).toBeGreaterThan(3)
    expect(rows.filter((row) => (row.split('|')[2]?.trim().length ?? 0) < 10)).toEqual([])
  })
})

describe.each(['docs/reference/inputs.md', 'docs/threat-model.md'])('%s', (page) => {
  test.each(named(read(page)))('names a test that exists for: $row', ({ tests }) => {
    expect(tests).not.toEqual([])
    for (const { file, name } of tests)
      expect([file, name, existsSync(join(root, file)) && read(file).includes(name)]).toEqual([file, name, true])
  })
})
