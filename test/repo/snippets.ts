/**
 * The TypeScript blocks of README.md and docs/, as files that compile and run.
 *
 * ```ts                   compiles
 * ```ts run               compiles, and runs against a broker; nats://127.0.0.1:4222 in it means that broker
 * ```ts continued         goes on where the block before it on the page ended (with run, as `ts continued run`, too)
 * <!-- preamble … -->     code that stands, unseen, above every later block of the page; an empty one ends it
 * // contracts.ts         as the first line: other blocks of the page may import './contracts.ts'
 * // Prints:              as the last comment: the lines after it are all that a block marked run writes
 */

import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import ts from 'typescript'
import { files, read, root } from './tree.ts'

/** One block. `name` says where it stands, as `docs/guides/retry.md:12`; `file` where it is written, from the root. */
export interface Snippet {
  readonly name: string
  readonly file: string
  /** What stands above the block's own code: the preamble and what it continues. */
  readonly above: string
  readonly code: string
  readonly run: boolean
  /** What it must write, line by line, if it says so. */
  readonly prints: readonly string[] | undefined
}

/** Pages with blocks that must compile. */
export function pages(): string[] {
  return [...files('README.md'), ...files('docs', /\.md$/)]
}

/** Every block of every page. `folder` is where files are written, from the root. */
export function snippets(folder?: string): Snippet[] {
  return pages().flatMap((page) => extract(page, read(page), folder))
}

/** The blocks of a page. `folder` is where files are written, from the root. */
export function extract(page: string, markdown: string, folder = '.callboard/snippets'): Snippet[] {
  const home = `${folder}/${page.replace(/\.md$/, '').replaceAll('/', '-')}`
  const found: Snippet[] = []
  const taken = new Set<string>()
  let preamble = ''
  for (const match of markdown.matchAll(/^<!-- preamble\b(.*?)-->|^( *)```ts\b([^\n]*)\n(.*?)^\2```/gms)) {
    const [, hidden, indent = '', info = '', inside = ''] = match
    if (hidden !== undefined) {
      preamble = hidden.trim() && `${hidden.trim()}\n`
      continue
    }
    const words = info.trim().split(/\s+/)
    const line = markdown.slice(0, match.index).split('\n').length
    const code = inside.replaceAll(new RegExp(`^${indent}`, 'gm'), '')
    const before = words.includes('continued') ? found.at(-1) : undefined
    const called = /^\/\/ ([\w-]+\.ts)\b/.exec(code)?.[1] ?? ''
    const file = called && !taken.has(called) ? called : `line-${line}.ts`
    taken.add(file)
    found.push({
      name: `${page}:${line}`,
      file: `${home}/${file}`,
      above: before ? before.above + before.code : preamble,
      code,
      run: words.includes('run'),
      prints: printed(code),
    })
  }
  return found
}

/** Writes blocks to their files, in place of all that were written before. */
export function write(given: readonly Snippet[]): void {
  for (const folder of new Set(given.map((snippet) => dirname(snippet.file)))) rmSync(join(root, folder), { recursive: true, force: true })
  for (const { file, above, code } of given) {
    mkdirSync(dirname(join(root, file)), { recursive: true })
    writeFileSync(join(root, file), above + code)
  }
}

/** Compiles blocks that were written, all at once; gives what the compiler says, by block name, at the line in the page. */
export function compile(given: readonly Snippet[]): Map<string, string[]> {
  const program = compiler(given.map((snippet) => snippet.file))
  return new Map(
    given.map((snippet) => {
      const source = program.getSourceFile(join(root, snippet.file))
      const said = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]
      return [snippet.name, said.map((diagnostic) => located(snippet, diagnostic))]
    }),
  )
}

/** A compiler over some files, with the options of tsconfig.json. */
export function compiler(paths: readonly string[]): ts.Program {
  const config = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent({ ...config.config, include: [], files: paths }, ts.sys, root)
  return ts.createProgram(
    paths.map((path) => join(root, path)),
    options,
  )
}

function located({ name, above }: Snippet, { file, start = 0, messageText }: ts.Diagnostic): string {
  const text = ts.flattenDiagnosticMessageText(messageText, '\n')
  const line = (file?.getLineAndCharacterOfPosition(start).line ?? 0) - (above.split('\n').length - 1)
  if (line < 0) return `above ${name}: ${text}`
  const [page, first] = name.split(':')
  return `${page}:${Number(first) + 1 + line}: ${text}`
}

function printed(code: string): string[] | undefined {
  const comment = /^\/\/ Prints:\n((?:\/\/.*\n?)+)$/m.exec(code.trimEnd())?.[1]
  return comment
    ?.trimEnd()
    .split('\n')
    .map((line) => line.replace(/^\/\/ {0,3}/, '').trimEnd())
}
