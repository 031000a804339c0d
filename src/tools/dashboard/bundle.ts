/** Builds the pages. Runs where the repository is: in `npm run build`, and once before the first page is served from source. */

import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

/** Writes the pages to a folder, in place of what is there. */
export async function bundle(to: string): Promise<void> {
  await build({
    root: fileURLToPath(new URL('./ui', import.meta.url)),
    // Relative addresses: the pages work below any path.
    base: './',
    configFile: false,
    envDir: false,
    logLevel: 'error',
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    worker: { format: 'es' },
    build: {
      outDir: to,
      emptyOutDir: true,
      target: 'es2022',
      modulePreload: { polyfill: false },
      // Nothing as data: addresses, which the content security policy refuses.
      assetsInlineLimit: 0,
      reportCompressedSize: false,
      chunkSizeWarningLimit: 1_000,
    },
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await bundle(resolve(process.argv[2] ?? 'dist/tools/dashboard/ui'))
