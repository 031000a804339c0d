import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { registry } from '../../src/base/errors.ts'
import { broken } from './links.ts'
import { pages as written } from './pages.ts'
import { compile, extract, pages, snippets, write } from './snippets.ts'
import { read, root } from './tree.ts'

const blocks = snippets()
write(blocks)
const said = compile(blocks)

test.each(blocks.map((block) => block.name))('the block at %s compiles', (name) => {
  expect(said.get(name)).toEqual([])
})

test.each(pages())('the links of %s lead somewhere', (page) => {
  expect(broken(page, read(page))).toEqual([])
})

test('docs/reference/errors.md has one section for each code, and no other', () => {
  const sections = [...read('docs/reference/errors.md').matchAll(/^### (.+)$/gm)].map((match) => match[1])
  expect(sections.sort()).toEqual(Object.keys(registry).sort())
})

test.each(Object.entries(written))('%s says what the source says (npm run docs)', (path, text) => {
  expect(existsSync(join(root, path)) ? read(path) : 'nothing').toBe(text())
})

const planted = `
<!-- preamble
const greeting: string = 'hello'
-->
\`\`\`ts
// contracts.ts
export const answer = 42
\`\`\`
\`\`\`json
{}
\`\`\`
- in a list
  \`\`\`ts run
  import { answer } from './contracts.ts'
  await Promise.resolve(greeting)
  const half: number = answer / 2
  \`\`\`
\`\`\`ts continued run
console.log(half)
const wrong: number = greeting

// Prints:
//   21
//     indented
\`\`\`
<!-- preamble -->
\`\`\`ts
greeting
import { CallboardError, nothing } from 'callboard'
\`\`\`
`

test('blocks see their preamble, what they continue and the named blocks of their page', () => {
  const given = extract('planted.md', planted, '.callboard/planted')
  write(given)
  expect(given.map(({ name, run, prints }) => ({ name, run, prints }))).toEqual([
    { name: 'planted.md:5', run: false, prints: undefined },
    { name: 'planted.md:13', run: true, prints: undefined },
    { name: 'planted.md:18', run: true, prints: ['21', '  indented'] },
    { name: 'planted.md:27', run: false, prints: undefined },
  ])
  expect([...compile(given).values()]).toEqual([
    [],
    [],
    ["planted.md:20: Type 'string' is not assignable to type 'number'."],
    ["planted.md:28: Cannot find name 'greeting'.", `planted.md:29: Module '"callboard"' has no exported member 'nothing'.`],
  ])
})

test.each([
  ['a file that is there', '[x](src/index.ts)', []],
  ['a heading that is there', '## What, twice?\n[x](#what-twice)', []],
  ['another site', '[x](https://nats.io/none)', []],
  ['code that looks like a link', '`a[0](b)`\n```ts\na[0](b)\n```', []],
  ['a file that is not there', '[x](src/nothing.ts) and [y](docs/none.md#x "title")', ['src/nothing.ts', 'docs/none.md#x']],
  ['a heading that is not there', '[x](#nowhere) [y](SECURITY.md#nowhere)', ['#nowhere', 'SECURITY.md#nowhere']],
  ['a place outside of the repository', '[x](../other.md)', ['../other.md']],
  ['a reference', '[x]\n\n[x]: docs/none.md', ['docs/none.md']],
])('a link to %s is judged rightly', (_, markdown, wrong) => {
  expect(broken('README.md', markdown)).toEqual(wrong.map((target) => `README.md → ${target}`))
})
