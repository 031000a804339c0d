import { expect, test } from 'vitest'
import { assets } from '../../src/tools/dashboard/assets.ts'

/** What a browser loads before it shows anything, and what it loads when charts are first wanted; compressed. */
const most = { first: 60_000, charts: 25_000 }

test('the pages stay small, and charts come when they are wanted', { timeout: 60_000 }, async () => {
  const all = [...(await assets())].map(([name, { gzipped }]) => ({ name, bytes: gzipped.length }))
  const sum = (of: (name: string) => boolean) => all.filter(({ name }) => of(name)).reduce((total, { bytes }) => total + bytes, 0)
  const charts = (name: string) => name.startsWith('assets/chart-')
  expect([sum(charts) > 0, sum(charts) < most.charts]).toEqual([true, true])
  const first = sum((name) => !charts(name))
  expect([first > 20_000, first < most.first]).toEqual([true, true])
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
