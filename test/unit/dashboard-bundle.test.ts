import { expect, test } from 'vitest'
import { assets } from '../../src/tools/dashboard/assets.ts'

/** What a browser loads before it shows anything, compressed. */
const most = 60_000

test('the pages stay small', async () => {
  const all = [...(await assets())].map(([name, { gzipped }]) => ({ name, bytes: gzipped.length }))
  expect(all.filter(({ name }) => /\.(js|css)$/.test(name)).length).toBeGreaterThan(1)
  expect(all.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(most)
})

test('what is kept for ever by browsers has a name that changes with its content', async () => {
  const kept = [...(await assets())].filter(([, asset]) => asset.kept).map(([name]) => name)
  expect(kept.filter((name) => !/^assets\/[\w-]+-[\w-]{8}\.(js|css)$/.test(name))).toEqual([])
})

test('the pages name nothing but themselves: no other site, no code or style within the page', async () => {
  const page = Buffer.from((await assets()).get('index.html')?.body ?? []).toString()
  expect([...page.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1]?.slice(0, 2))).toEqual(['./', './', './'])
  expect(page).not.toMatch(/<style|style=|<script(?![^>]* src=)|\son\w+=/)
})
