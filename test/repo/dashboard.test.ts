import { join } from 'node:path'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { root } from './tree.ts'

test('the pages of the dashboard compile', () => {
  const folder = join(root, 'src/tools/dashboard/ui')
  const { config } = ts.readConfigFile(join(folder, 'tsconfig.json'), ts.sys.readFile)
  const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, folder)
  expect(fileNames.length).toBeGreaterThan(10)
  const program = ts.createProgram(fileNames, options)
  // Of the pages alone: what they import is checked where it belongs.
  const pages = program.getSourceFiles().filter(({ fileName }) => fileName.startsWith(folder))
  const said = pages.flatMap((page) => [...program.getSyntacticDiagnostics(page), ...program.getSemanticDiagnostics(page)])
  const host = { getCanonicalFileName: (name: string) => name, getCurrentDirectory: () => root, getNewLine: () => '\n' }
  expect(ts.formatDiagnostics(said, host)).toBe('')
})
