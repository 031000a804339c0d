/** Which row a key falls into, and who takes from which rows. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sitesOf } from '../../src/board/site.ts'
import { consumerOf, rowFor, strandsOf } from '../../src/board/strand.ts'
import { queue, task } from '../../src/index.ts'
import { buckets, laneOf, lanes, names, type Row, rowOf } from '../../src/wire/names.ts'

const all = names('ns')
const key = fc.string({ minLength: 1, unit: 'grapheme' })
const ordered = (strands: number) => task<string>('steps', { ordered: (input) => input, strands, queue: 'q' })

test('the bucket of a key is its CRC-32 modulo 64, whoever computes it', () => {
  expect(rowOf('normal', '123456789')).toBe(`normal-${3_421_780_262 % 64}`)
  expect(rowOf('high', 'Zoë')).toBe('high-42')
})

test('every key falls into one of the buckets, and its row tells its lane', () => {
  fc.assert(
    fc.property(key, fc.constantFrom(...lanes), (text, lane) => {
      const row = rowOf(lane, text)
      expect(laneOf(row)).toBe(lane)
      expect(Number(row.split('-')[1])).toBeLessThan(buckets)
      expect(rowOf(lane, text)).toBe(row)
    }),
  )
})

test('many keys are spread over all buckets', () => {
  const rows = new Map<string, number>()
  for (let n = 0; n < 6400; n++) {
    const row = rowOf('normal', `customer-${n}`)
    rows.set(row, (rows.get(row) ?? 0) + 1)
  }
  expect(rows.size).toBe(buckets)
  expect(Math.max(...rows.values())).toBeLessThan(200)
})

test('whatever the number of strands, each row has one strand, which is the one its notes are kept under', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 64 }), key, (count, text) => {
      const steps = ordered(count)
      const [site] = sitesOf(all, steps.place)
      const strands = strandsOf(all, steps, site as never, lanes)
      const row = rowFor(steps, 'normal', text)
      const takers = (wanted: Row) =>
        strands.filter(({ filters }) => filters.some((filter) => matches(filter, all.task('q', 'steps', wanted))))
      expect(strands).toHaveLength(count)
      expect(takers(row).map(({ consumer }) => consumer)).toEqual([consumerOf(steps, row)])
      for (const lane of lanes) expect(takers(lane)).toHaveLength(1)
      expect(strands.every(({ single }) => single)).toBe(true)
    }),
  )
})

test('a fair task is dealt out as an ordered one, in each stream of a bounded queue, and has many open at once', () => {
  const given = { strands: 8, queue: queue('q', { limit: { tasks: 10 } }) }
  const fair = task<string>('steps', { fair: (input) => input, ...given })
  fc.assert(
    fc.property(key, (text) => {
      const row = rowFor(fair, 'normal', text)
      for (const site of sitesOf(all, fair.place)) {
        const strands = strandsOf(all, fair, site, lanes)
        const subject = site.delayed ? all.due('q', 'steps', row, undefined, 'i') : all.addressed('q', 'steps', row, undefined, 'i')
        const takers = strands.filter(({ filters }) => filters.some((filter) => matches(filter, subject)))
        expect(takers.map(({ consumer, single, rank }) => [consumer, single, rank])).toEqual([[consumerOf(fair, row), false, 0]])
      }
    }),
  )
})

test('without order each lane has a strand of its own, and the urgent ones come first', () => {
  const free = task('free', { lanes: ['low', 'high'] })
  const strands = strandsOf(all, free, sitesOf(all, free.place)[0] as never, lanes)
  expect(strands.map(({ consumer }) => consumer)).toEqual(['free@high', 'free@low'])
  expect(strands[0]?.rank).toBeLessThan(strands[1]?.rank as number)
})

/** Whether a filter of the broker lets a subject through. */
function matches(filter: string, subject: string): boolean {
  const [wanted, given] = [filter.split('.'), subject.split('.')]
  for (const [index, part] of wanted.entries()) {
    if (part === '>') return given.length > index
    if (part !== '*' && part !== given[index]) return false
  }
  return wanted.length === given.length
}
