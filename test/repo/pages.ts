/** Pages of docs/ that are written from the source. `npm run docs` writes them; a test holds them equal. */

import { fault, registry } from '../../src/base/errors.ts'
import { cliPage } from './cli.ts'
import { optionsPage } from './options.ts'
import { read } from './tree.ts'

/** Path → text, as it must be. */
export const pages: Readonly<Record<string, () => string>> = {
  'docs/reference/errors.md': errors,
  'docs/reference/options.md': optionsPage,
  'docs/reference/cli.md': cliPage,
}

function errors(): string {
  const codes = Object.keys(registry) as (keyof typeof registry)[]
  const classes = [...new Set(codes.map(classOf))]
  const sections = classes.map((name) =>
    [`## ${name}`, advice(name), ...codes.filter((code) => classOf(code) === name).map((code) => section(code))].join('\n\n'),
  )
  return `${[intro, ...sections].join('\n\n')}\n`
}

const intro = `# Errors

Everything callboard throws is a \`CallboardError\`: a class that says what you can do about it, a \`code\` that never changes its
meaning, and a message that says what happened, why, and how to fix it. \`what\`, \`why\`, \`fix\` and \`details\` hold the parts, \`cause\`
what was thrown first.

This page is written from \`src/base/errors.ts\` by \`npm run docs\`.`

function section(code: keyof typeof registry): string {
  const { means, fix } = registry[code]
  return `### ${code}\n\n${means}\n\nClass: \`${classOf(code)}\`. Fix: ${fix}`
}

function classOf(code: keyof typeof registry): string {
  return fault(code, '').constructor.name
}

/** The sentence above a class is its advice. */
function advice(name: string): string {
  const found = new RegExp(`/\\*\\* (.+) \\*/\\nexport class ${name} `).exec(read('src/base/errors.ts'))?.[1]
  if (!found) throw new Error(`src/base/errors.ts says nothing above ${name}`)
  return found
}
