/** The rules of the floors, as functions from a tree of sources to what is wrong with it. */

import { imports, type Tree } from './tree.ts'

/** Each imports only from lower ones and itself. */
export const floors = ['base', 'wire', 'runtime', 'board', 'extras', 'tools']

/** Packages that one place alone may know. */
const only: readonly (readonly [string, RegExp, RegExp])[] = [
  ['src/wire/', /^src\/wire\//, /^(nats|@nats-io\/.+)$/],
  ['src/board/log.ts', /^src\/board\/log\.ts$/, /^pino(\/.+)?$/],
  ['src/wire/codec.ts', /^src\/wire\/codec\.ts$/, /^msgpackr(\/.+)?$/],
  ['src/base/cron.ts', /^src\/base\/cron\.ts$/, /^croner$/],
  // Who does not import these two doors does not need what they stand on.
  ['src/extras/otel/', /^src\/extras\/otel\//, /^@opentelemetry\/.+$/],
  ['src/extras/prometheus/', /^src\/extras\/prometheus\//, /^prom-client$/],
]

/** The floor a file stands on; the public door stands on the board floor. */
function floor(path: string): number {
  if (path === 'src/index.ts') return floors.indexOf('board')
  return floors.indexOf(path.split('/')[1] ?? '')
}

/** The extra a file belongs to: `src/extras/server/fetch.ts` to server. */
function extra(path: string): string | undefined {
  return /^src\/extras\/([\w-]+)/.exec(path)?.[1]
}

/** Files that stand on no floor. */
export function homeless(tree: Tree): string[] {
  return Object.keys(tree).filter((path) => floor(path) < 0)
}

/** Imports that lead upwards. */
export function upward(tree: Tree): string[] {
  return edges(tree).flatMap(([from, to]) => (to.startsWith('src/') && floor(to) > floor(from) ? [`${from} → ${to}`] : []))
}

/** Imports that leave src/, or that lead to a file which does not exist. */
export function astray(tree: Tree): string[] {
  return edges(tree).flatMap(([from, to]) => (isPath(to) && !to.endsWith('.css') && !(to in tree) ? [`${from} → ${to}`] : []))
}

/** Imports from one extra to another. */
export function sideways(tree: Tree): string[] {
  return edges(tree).flatMap(([from, to]) => (extra(from) && extra(to) && extra(from) !== extra(to) ? [`${from} → ${to}`] : []))
}

/** What is built into the pages of the dashboard, or builds them, and is therefore not installed with us. */
const bundled = /^src\/tools\/dashboard\/(ui\/|bundle\.ts$)/

/** Packages imported where they must not be known, or that package.json does not have. `built` are those of what is built before it is published. */
export function smuggled(tree: Tree, dependencies: readonly string[], built: readonly string[] = []): string[] {
  return edges(tree).flatMap(([from, to]) => {
    if (isPath(to) || to.startsWith('node:')) return []
    const name = to
      .split('/')
      .slice(0, to.startsWith('@') ? 2 : 1)
      .join('/')
    if (!(bundled.test(from) ? built : dependencies).includes(name)) return [`${from}: ${to} is not a dependency`]
    return only.flatMap(([place, home, what]) => (what.test(to) && !home.test(from) ? [`${from}: ${to} belongs into ${place}`] : []))
  })
}

/** Ways by which a file imports itself through others, each circle once. */
export function circles(tree: Tree): string[] {
  const next = new Map(Object.keys(tree).map((path) => [path, [] as string[]]))
  for (const [from, to] of edges(tree)) if (next.has(to)) next.get(from)?.push(to)
  const done = new Set<string>()
  const found: string[] = []
  const visit = (path: string, way: readonly string[]): void => {
    if (way.includes(path)) found.push([...way.slice(way.indexOf(path)), path].join(' → '))
    if (way.includes(path) || done.has(path)) return
    for (const to of next.get(path) ?? []) visit(to, [...way, path])
    done.add(path)
  }
  for (const path of next.keys()) visit(path, [])
  return found
}

/** Places where the runtime knows what it carries, comments included. */
export function knowing(tree: Tree): string[] {
  return Object.entries(tree)
    .filter(([path]) => path.startsWith('src/runtime/'))
    .flatMap(([path, text]) =>
      text
        .split('\n')
        .flatMap((line, index) =>
          /topic|task/i.test(line.replaceAll(/queueMicrotask/g, '')) ? [`${path}:${index + 1}: ${line.trim()}`] : [],
        ),
    )
}

/** How many lines of code a text has: without comments, blank lines and imports. */
export function statements(text: string): number {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^import [\s\S]*? from '[^']*'$/gm, '')
  return code.split('\n').filter((line) => /\S/.test(line) && !/^\s*\/\//.test(line)).length
}

/** How many lines a text has. */
export function lines(text: string): number {
  return text.split('\n').length - 1
}

function edges(tree: Tree): [from: string, to: string][] {
  return Object.entries(tree).flatMap(([path, text]) => imports(path, text).map((to): [string, string] => [path, to]))
}

function isPath(name: string): boolean {
  return name.startsWith('src/') || name.startsWith('.') || /\.tsx?$/.test(name)
}
