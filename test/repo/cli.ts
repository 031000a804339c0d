/** docs/reference/cli.md, written from the table of verbs. */

import { exits } from '../../src/tools/cli/exit.ts'
import { meaning, usage } from '../../src/tools/cli/help.ts'
import { everywhere, type Flag, type Verb } from '../../src/tools/cli/verb.ts'
import { groups } from '../../src/tools/cli/verbs.ts'

/** The page. */
export function cliPage(): string {
  const sections = groups.flatMap(({ title, verbs }) => [`## ${title}`, ...verbs.map(verbSection)])
  return `${[intro, '## Flags of every verb', flags(everywhere), '## Exit codes', codes(), ...sections].join('\n\n')}\n`
}

const intro = `# Command line

\`npx callboard <verb>\`. Data goes to standard output, talk and errors to standard error. Verbs that read take \`--json\`: one document
with at least what the table has; times in it are ms since 1970, spans are ms. Names may be written in the singular (\`queue\` for
\`queues\`). A verb that cannot be undone counts first, asks on a terminal, and wants \`--yes\` where nobody can be asked.

\`◇ ┄┄▷\` is implicit: said to nobody, heard by whoever subscribed. \`■ ──▶\` is explicit: asked for by name, done once.

\`callboard --help\` and \`callboard <verb> --help\` say the same as this page, which is written from \`src/tools/cli/\` by \`npm run docs\`.`

function codes(): string {
  const rows = Object.entries(exits).map(([code, means]) => `| ${code} | ${means} |`)
  return ['| Code | Meaning |', '|---|---|', ...rows].join('\n')
}

function verbSection(verb: Verb): string {
  const parts = [`### \`callboard ${usage(verb)}\``, `${verb.says.charAt(0).toUpperCase()}${verb.says.slice(1)}.`]
  if (verb.more) parts.push(...verb.more.split('\n\n').map((part) => (part.startsWith('  ') ? `\`\`\`text\n${part.trim()}\n\`\`\`` : part)))
  if (verb.flags?.length) parts.push(flags(verb.flags))
  parts.push(['```sh', ...verb.examples.map((each) => `callboard ${each}`), '```'].join('\n'))
  return parts.join('\n\n')
}

function flags(all: readonly Flag[]): string {
  return ['| Flag | Meaning |', '|---|---|', ...all.map((flag) => `| \`${flag.name}\` | ${meaning(flag).replaceAll('|', '\\|')} |`)].join(
    '\n',
  )
}
