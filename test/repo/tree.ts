/** The repository as the tests in this folder read it: paths from its root with forward slashes, and texts. */

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, posix, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

/** The folder with package.json. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..')

const made = new Set(['.git', 'node_modules', 'dist', 'coverage', '.callboard'])

/** Every file under a path that a person wrote; nothing if the path is not there. */
export function files(under = '.', pattern = /./): string[] {
  const start = join(root, under)
  if (!existsSync(start)) return []
  if (statSync(start).isFile()) return [under]
  return readdirSync(start, { withFileTypes: true })
    .filter((entry) => !made.has(entry.name))
    .flatMap((entry) => {
      const path = relative(root, join(start, entry.name)).split(sep).join('/')
      if (entry.isDirectory()) return files(path, pattern)
      return entry.isFile() && pattern.test(path) ? [path] : []
    })
    .sort()
}

/** The text of a file. */
export function read(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

/** Paths with their texts. Tests plant their own to see a rule broken. */
export type Tree = Readonly<Record<string, string>>

/** Every TypeScript file under some paths. */
export function sources(...under: readonly string[]): Tree {
  return Object.fromEntries(under.flatMap((path) => files(path, /\.tsx?$/)).map((path) => [path, read(path)]))
}

/** The syntax of a text. */
export function parsed(path: string, text: string): ts.SourceFile {
  return ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true)
}

/** Calls back for every node of a syntax tree. */
export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node)
  ts.forEachChild(node, (child) => walk(child, visit))
}

/** What a file imports, types included: paths from the root for its neighbours, names for packages. */
export function imports(path: string, text: string): string[] {
  const found: string[] = []
  walk(parsed(path, text), (node) => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) found.push(...literal(node.moduleSpecifier))
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) found.push(...literal(node.arguments[0]))
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) found.push(...literal(node.argument.literal))
  })
  return found.map((name) => (name.startsWith('.') ? posix.normalize(posix.join(posix.dirname(path), name)) : name))
}

function literal(node: ts.Node | undefined): string[] {
  return node && ts.isStringLiteralLike(node) ? [node.text] : []
}
