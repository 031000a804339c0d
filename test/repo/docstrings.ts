/** What a user can import, and whether it says what it is. */

import { join } from 'node:path'
import ts from 'typescript'
import { compiler } from './snippets.ts'
import { root } from './tree.ts'

/** Names exported by some files that have no docstring, as `src/index.ts: topic`. What other packages declare does not count. */
export function silent(doors: readonly string[]): string[] {
  const program = compiler(doors)
  const checker = program.getTypeChecker()
  return doors.flatMap((door) => {
    const source = program.getSourceFile(join(root, door))
    const module = source && checker.getSymbolAtLocation(source)
    const exported = module ? checker.getExportsOfModule(module) : []
    if (exported.length === 0) return [`${door}: exports nothing`]
    return exported
      .map((symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol))
      .filter((symbol) => ours(symbol) && symbol.getDocumentationComment(checker).length === 0)
      .map((symbol) => `${door}: ${symbol.name}`)
      .sort()
  })
}

function ours(symbol: ts.Symbol): boolean {
  return (symbol.declarations ?? []).every((declaration) => !declaration.getSourceFile().fileName.includes('/node_modules/'))
}
