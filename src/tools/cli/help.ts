/** Help, written from the table of verbs. Pure. */

import { columns, type Pen } from './pen.ts'
import { everywhere, type Flag, type Group, type Verb } from './verb.ts'

type Paint = Pen['paint']

/** What there is, on one page. */
export function overview(groups: readonly Group[], version: string, paint: Paint, width = 100): string {
  const verbs = groups.flatMap((group) => group.verbs)
  const lines = [
    `callboard ${version}   topics for whoever listens ${paint('cyan', '┄┄▷ ◇')}, tasks for one worker ${paint('yellow', '──▶ ■')}`,
    '',
    'callboard <verb> [arguments] [flags]',
  ]
  for (const { title, verbs: own } of groups) {
    const rows = own
      .filter(({ words }) => !words.includes(' '))
      .map((verb): Row => {
        const below = verbs.filter((each) => each.words.startsWith(`${verb.words} `)).map((each) => each.words.split(' ')[1])
        return [usage(verb), below.length > 0 ? `${verb.says}\n${below.join(' · ')}` : verb.says]
      })
    lines.push('', paint('bold', title), ...list(rows, paint, width))
  }
  lines.push('', paint('bold', 'Flags'), ...list(everywhere.map(row), paint, width))
  lines.push('', 'callboard <verb> --help tells of one verb. Exit codes: docs/reference/cli.md.', '')
  return lines.join('\n')
}

/** Everything about one verb, examples first. */
export function about(verb: Verb, groups: readonly Group[], paint: Paint, width = 100): string {
  const below = groups.flatMap((group) => group.verbs).filter((each) => each.words.startsWith(`${verb.words} `))
  const lines = [`callboard ${usage(verb)}   ${verb.says}`, '', ...verb.examples.map((each) => `  ${paint('dim', '$')} callboard ${each}`)]
  if (verb.more) lines.push('', ...verb.more.split('\n').flatMap((line) => wrapped(line, width)))
  if (below.length > 0)
    lines.push(
      '',
      paint('bold', 'Below it'),
      ...list(
        below.map((each): Row => [usage(each), each.says]),
        paint,
        width,
      ),
    )
  if (verb.flags?.length) lines.push('', paint('bold', 'Flags'), ...list(verb.flags.map(row), paint, width))
  lines.push('', paint('dim', 'Flags for every verb: callboard --help'), '')
  return lines.join('\n')
}

type Row = readonly [name: string, says: string]

/** A verb as it is said. */
export const usage = ({ words, args }: Pick<Verb, 'words' | 'args'>): string => [words, args].filter(Boolean).join(' ')

/** What a flag is for, with what it takes. */
export const meaning = ({ says, choices, many }: Flag): string =>
  `${says}${choices ? `: ${choices.join(', ')}` : ''}${many ? '; may be said several times' : ''}`

const row = (flag: Flag): Row => [flag.name, meaning(flag)]

/** Names to the left, what they mean to the right, wrapped. */
function list(rows: readonly Row[], paint: Paint, width: number): string[] {
  const left = Math.min(28, Math.max(...rows.map(([name]) => columns(name)))) + 4
  return rows.flatMap(([name, says]) => {
    const [first = '', ...more] = says
      .split('\n')
      .flatMap((part, index) => wrapped(part, width - left).map((line) => (index > 0 ? paint('dim', line) : line)))
    const head = `  ${name}`
    const rest = more.map((line) => ' '.repeat(left) + line)
    return columns(head) > left - 2 ? [head, ' '.repeat(left) + first, ...rest] : [head + ' '.repeat(left - columns(head)) + first, ...rest]
  })
}

/** Breaks a line at spaces. What is indented stays as it is. */
function wrapped(line: string, width: number): string[] {
  if (line.startsWith('  ') || columns(line) <= width) return [line]
  const lines: string[] = []
  let at = ''
  for (const word of line.split(' ')) {
    if (at !== '' && columns(at) + 1 + columns(word) > width) {
      lines.push(at)
      at = word
    } else at = at === '' ? word : `${at} ${word}`
  }
  return [...lines, at]
}
