/** `npm run docs`: writes the pages that come from the source. */

import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pages } from './pages.ts'
import { root } from './tree.ts'

for (const [path, text] of Object.entries(pages)) {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text())
  console.log(`wrote ${path}`)
}
