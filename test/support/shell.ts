/** Command lines as they stand in docs and help, cut into words as a shell would. */

/** The words of a line: quotes hold blanks; what comes behind a bare `<`, `>` or `|` is not for the program. */
export function splitLine(line: string): string[] {
  const words: string[] = []
  for (const [, single, double, bare] of line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)) {
    if (bare !== undefined && /^[<>|]$/.test(bare)) break
    words.push(single ?? double ?? bare ?? '')
  }
  return words
}
