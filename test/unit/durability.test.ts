import { expect, test } from 'vitest'
import { durabilityOf, type Sync } from '../../src/base/durability.ts'

test.each<[number, Sync[], string]>([
  [1, [10_000], 'durability D1: one copy, synced every 10 s; a power cut loses up to as much, and streams as young as that'],
  [1, [500], 'durability D1: one copy, synced every 500 ms; a power cut loses up to as much, and streams as young as that'],
  [1, ['always'], 'durability D2: one copy, synced before it is acknowledged; a power cut loses nothing'],
  [
    3,
    ['always', 120_000, 10_000],
    'durability D3: 3 copies, synced every 2 min; a power cut of all servers at once loses up to as much, and streams as young as that',
  ],
  [
    3,
    ['always', 'always', 'always'],
    'durability D4: 3 copies, synced before it is acknowledged; a power cut of all servers at once loses nothing',
  ],
  [1, [], 'durability unknown: one copy, and the servers do not say how often they sync; count on D1'],
  [3, ['always', 'unknown'], 'durability unknown: 3 copies, and the servers do not say how often they sync; count on D3'],
])('%i copies on servers that sync %j', (replicas, syncs, sentence) => {
  const told = durabilityOf(replicas, syncs)
  expect(told.sentence).toBe(sentence)
  expect(sentence.split(/[ :]/)[1]).toBe(told.level)
})
