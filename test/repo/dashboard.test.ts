import { join } from 'node:path'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { root } from './tree.ts'

test('the pages of the dashboard compile', () => {
  const folder = join(root, 'src/tools/dashboard/ui')
  const { config } = ts.readConfigFile(join(folder, 'tsconfig.json'), ts.sys.readFile)
  const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, folder)
  expect(fileNames.length).toBeGreaterThan(10)
  const said = ts
    .getPreEmitDiagnostics(ts.createProgram(fileNames, options))
    .filter(({ file }) => file === undefined || file.fileName.startsWith(folder))
  const host = { getCanonicalFileName: (name: string) => name, getCurrentDirectory: () => root, getNewLine: () => '\n' }
  expect(ts.formatDiagnostics(said, host)).toBe('')
})
