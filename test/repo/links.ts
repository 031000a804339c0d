/** Links between pages. */

import { existsSync } from 'node:fs'
import { join, posix } from 'node:path'
import { read, root } from './tree.ts'

/** Relative links of a page that lead nowhere: to a file that is not there, or to a heading that is not in it. */
export function broken(page: string, markdown: string): string[] {
  const prose = markdown.replaceAll(/^( *)(```|~~~).*?^\1\2/gms, '').replaceAll(/`[^`\n]*`/g, '')
  const targets = [...prose.matchAll(/\]\(\s*<?([^)\s>]+)>?[^)]*\)|^\[[^\]]+\]:\s*(\S+)/gm)].map((match) => match[1] ?? match[2] ?? '')
  return targets.filter((target) => !/^[a-z]+:/i.test(target) && !leads(page, markdown, target)).map((target) => `${page} → ${target}`)
}

function leads(page: string, markdown: string, target: string): boolean {
  const [path = '', heading] = target.split('#')
  const to = path === '' ? page : posix.normalize(posix.join(posix.dirname(page), decodeURI(path)))
  const found = to === page || (!to.startsWith('..') && existsSync(join(root, to)))
  if (!found || heading === undefined || !to.endsWith('.md')) return found
  return anchors(to === page ? markdown : read(to)).includes(heading)
}

/** How headings are called in links: lower case, without punctuation, spaces as dashes, repeated ones numbered. */
function anchors(markdown: string): string[] {
  const seen = new Map<string, number>()
  const prose = markdown.replaceAll(/^( *)(```|~~~).*?^\1\2/gms, '')
  return [...prose.matchAll(/^#+ +(.+?) *#*$/gm)].map((match) => {
    const name = (match[1] ?? '')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\p{M}\s_-]/gu, '')
      .replaceAll(/\s/g, '-')
    const times = seen.get(name) ?? 0
    seen.set(name, times + 1)
    return times === 0 ? name : `${name}-${times}`
  })
}
