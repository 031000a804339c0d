/** The `console` blocks of a page: what is typed behind `$`, and what is shown below it. `…` stands for anything within a line. */

/** A command with the lines it shows. */
export interface Sample {
  readonly line: number
  readonly command: string
  readonly shows: readonly string[]
}

/** Every command of every such block of a page. */
export function samples(markdown: string): Sample[] {
  const found: { line: number; command: string; shows: string[] }[] = []
  let inside = false
  for (const [index, line] of markdown.split('\n').entries()) {
    if (line.startsWith('```')) inside = line === '```console'
    else if (inside && line.startsWith('$ callboard '))
      found.push({ line: index + 1, command: line.slice('$ callboard '.length), shows: [] })
    else if (inside) found.at(-1)?.shows.push(line)
  }
  return found
}

/** Whether a line is what a sample shows. How many blanks stand between columns depends on what is in them. */
export function alike(shown: string, line: string): boolean {
  const parts = squeezed(shown)
    .split('…')
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`).test(squeezed(line))
}

const squeezed = (text: string): string => text.replace(/ +/g, ' ').trim()
