import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { optionsOf, optionsPage } from './options.ts'
import { root } from './tree.ts'

const rows = optionsPage()
  .split('\n')
  .filter((line) => line.startsWith('| `'))

test('every option says what it means and what holds without it', () => {
  expect(rows.length).toBeGreaterThan(60)
  const cells = (row: string) => row.split(/(?<!\\)\|/).map((cell) => cell.trim())
  expect(rows.filter((row) => cells(row)[2] === '' || cells(row)[4] === '')).toEqual([])
})

test('a docstring is told apart into meaning, unit, default and edge', () => {
  mkdirSync(join(root, '.callboard/options'), { recursive: true })
  writeFileSync(
    join(root, '.callboard/options/planted.ts'),
    `type Duration = string
export interface Base {
  /** How long. Default 1.5 s. Edge: at least 1 s; whole seconds. */
  readonly time?: Duration
}
export interface Planted extends Base {
  readonly mute?: boolean
  /**
   * How it is kept. Default \`work\`.
   *
   * work  removed at once
   * log   removed
   *       later
   *
   * More of it.
   */
  readonly layout?: 'work' | 'log'
  /** How many. Default: as many
   *  as there are. */
  readonly bytes?: number
}`,
  )
  expect(optionsOf(['Planted'], '.callboard/options/planted.ts').get('Planted')).toEqual([
    { name: 'mute', type: 'boolean', unit: '', means: '', fallback: '', edge: '' },
    {
      name: 'layout',
      type: "'work' | 'log'",
      unit: '',
      means: 'How it is kept. `work`: removed at once; `log`: removed later. More of it.',
      fallback: '`work`',
      edge: '',
    },
    { name: 'bytes', type: 'number', unit: 'bytes', means: 'How many.', fallback: 'as many as there are', edge: '' },
    { name: 'time', type: 'Duration', unit: 'time', means: 'How long.', fallback: '1.5 s', edge: 'at least 1 s; whole seconds' },
  ])
  expect(() => optionsOf(['Nothing'], '.callboard/options/planted.ts')).toThrow('exports no Nothing')
})
