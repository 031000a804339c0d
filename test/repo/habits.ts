/** What a test must not do, as functions from its text to the places where it does. */

import ts from 'typescript'
import { parsed, walk } from './tree.ts'

/** `.skip`, `.only`, `.todo` and their like: a test that does not run, or keeps others from running. skipIf may stand: a system can lack what a test is about. */
export function parked(path: string, text: string): string[] {
  const words = new Set(['skip', 'only', 'todo', 'fails'])
  return places(path, text, (node) => ts.isPropertyAccessExpression(node) && words.has(node.name.text) && speakers.has(speaker(node)))
}

/** Waiting for time to pass, instead of for something to happen. */
export function sleeping(path: string, text: string): string[] {
  const words = new Set(['setTimeout', 'setInterval'])
  return places(path, text, (node) => {
    if (ts.isIdentifier(node)) return words.has(node.text)
    return ts.isStringLiteral(node) && /^(node:)?timers(\/promises)?$/.test(node.text)
  })
}

/** Expecting something of how long it took, which a busy machine decides. */
export function timed(path: string, text: string): string[] {
  const hours = named(path, text, isClock)
  const isSpan = (node: ts.Node): boolean =>
    ts.isBinaryExpression(node) &&
    node.operatorToken.kind === ts.SyntaxKind.MinusToken &&
    contains(node, (side) => isClock(side) || isOne(hours, side))
  const spans = named(path, text, isSpan)
  return places(path, text, (node) => {
    const expects = ts.isCallExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === 'expect'
    return expects && node.arguments.some((argument) => contains(argument, (part) => isClock(part) || isSpan(part) || isOne(spans, part)))
  })
}

/** Names of variables whose value holds something wanted. */
function named(path: string, text: string, wanted: (node: ts.Node) => boolean): Set<string> {
  const names = new Set<string>()
  walk(parsed(path, text), (node) => {
    const holds = ts.isVariableDeclaration(node) && node.initializer && contains(node.initializer, wanted)
    if (holds && ts.isIdentifier(node.name)) names.add(node.name.text)
  })
  return names
}

function isOne(names: ReadonlySet<string>, node: ts.Node): boolean {
  return ts.isIdentifier(node) && names.has(node.text)
}

const speakers = new Set(['test', 'it', 'describe', 'suite', 'ctx', 'context'])

/** The word a chain such as `test.concurrent.skip` begins with. */
function speaker(node: ts.Expression): string {
  if (ts.isPropertyAccessExpression(node) || ts.isCallExpression(node)) return speaker(node.expression)
  return ts.isIdentifier(node) ? node.text : ''
}

/** `Date.now()`, `performance.now()`, `process.hrtime()`. */
function isClock(node: ts.Node): boolean {
  return ts.isCallExpression(node) && /^(Date\.now|performance\.now|process\.hrtime(\.bigint)?)$/.test(node.expression.getText())
}

function contains(node: ts.Node, wanted: (node: ts.Node) => boolean): boolean {
  let found = false
  walk(node, (inner) => {
    found ||= wanted(inner)
  })
  return found
}

function places(path: string, text: string, wanted: (node: ts.Node) => boolean): string[] {
  const found = new Set<string>()
  const file = parsed(path, text)
  walk(file, (node) => {
    if (!wanted(node)) return
    const { line } = file.getLineAndCharacterOfPosition(node.getStart())
    found.add(`${path}:${line + 1}: ${text.split('\n')[line]?.trim()}`)
  })
  return [...found]
}
