/** docs/reference/options.md, written from the docstrings of the interfaces that hold options. */

import { join } from 'node:path'
import ts from 'typescript'
import { compiler } from './snippets.ts'
import { root } from './tree.ts'

/** An option as its docstring tells it. */
export interface Option {
  readonly name: string
  readonly type: string
  readonly unit: string
  readonly means: string
  readonly fallback: string
  readonly edge: string
}

const door = 'src/index.ts'
const sealDoor = 'src/extras/seal/index.ts'
const dashboardDoor = 'src/tools/dashboard/index.ts'

/** Where options are taken: what is called, the interfaces that say with what, what must be known beside, and which door it is of. */
const places: readonly (readonly [call: string, interfaces: readonly string[], more: string, door?: string])[] = [
  ['callboard(options)', ['BoardOptions'], 'What is not given here or in the environment has the default.'],
  ['callboard({ ledger })', ['LedgerOptions'], 'A level alone is short for `{ level }`. What is in it: [the ledger](../guides/ledger.md).'],
  ['topic(name, schema?, options?)', ['TopicOptions'], 'A `pattern(name, schema?, options?)` takes `seal` alone.'],
  ['topic(…, { retention })', ['RetentionOptions'], ''],
  ['task(name, options?)', ['TaskShape', 'TaskSettings'], ''],
  ['task(…, { retry }), subscribe(…, { retry })', ['RetryOptions'], ''],
  ['queue(name, options?)', ['QueueOptions'], ''],
  ['queue(…, { limit })', ['LimitOptions'], ''],
  [
    'publish(topic, event, options?)',
    ['PublishOptions'],
    '`publishMany` takes the same, with `ids` for `id`: as many as events, in their order. Up to 1,000 events and 4 MiB are stored all or none.',
  ],
  [
    'enqueue(task, input, options?)',
    ['EnqueueOptions'],
    '`enqueueMany` takes the same without `unique`, `debounce` and `throttle`, for all of them, and `ids` for `id`: as many as inputs, in their order.',
  ],
  ['enqueue(…, { debounce })', ['DebounceOptions'], ''],
  ['enqueue(…, { throttle })', ['ThrottleOptions'], ''],
  ['service.subscribe(topic, handler, options?)', ['SubscribeOptions'], ''],
  ['service.perform(task, handler, options?)', ['PerformOptions'], 'Retry and timeout are those of the contract.'],
  ['perform(…, { batch }), subscribe(…, { batch })', ['BatchOptions'], ''],
  ['board.service(name).start(options?)', ['StartOptions'], ''],
  ['service.stop(options?), board.close(options?)', ['StopOptions'], ''],
  ['board.listen(topic, options?)', ['ListenOptions'], ''],
  [
    'handle.result(options?), all(handles, options?), any(…), race(…)',
    ['ResultOptions'],
    'Over several handles whatever has not ended when the waiting is over is cancelled.',
  ],
  [
    'board.dead.list(selector?), groups, export, redrive, discard',
    ['DeadSelector'],
    'What is left out may be anything. `redrive` and `discard` want a selector, and `{}` means all.',
  ],
  ['board.queues.purge(queue, options?)', ['PurgeOptions'], ''],
  ['board.schedules.set(name, when, task, input, options?)', ['TaskScheduleOptions'], ''],
  ['board.schedules.set(name, when, topic, event, options?)', ['EventScheduleOptions'], ''],
  ['sealing(options)', ['SealingOptions'], 'Of `callboard/seal`: [the guide](../guides/sealing.md).', sealDoor],
  ['keyring(options)', ['KeyringOptions'], 'Of `callboard/seal`.', sealDoor],
  ['dashboard(board, options?)', ['DashboardOptions'], 'Of `callboard/dashboard`: [the guide](../guides/dashboard.md).', dashboardDoor],
  ['serve(board, options?)', ['ServeOptions'], 'Of `callboard/dashboard`: what `dashboard` takes, and where it listens.', dashboardDoor],
]

/** Interface → its options. */
export function optionsOf(wanted: readonly string[], from = door): Map<string, Option[]> {
  const program = compiler([from])
  const checker = program.getTypeChecker()
  const source = program.getSourceFile(join(root, from))
  const module = source && checker.getSymbolAtLocation(source)
  const exported = new Map((module ? checker.getExportsOfModule(module) : []).map((symbol) => [symbol.name, symbol]))
  return new Map(
    wanted.map((name) => {
      const found = exported.get(name)
      if (!found) throw new Error(`${from} exports no ${name}`)
      const symbol = found.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(found) : found
      return [name, checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol)).map((each) => option(each, checker))]
    }),
  )
}

function option(symbol: ts.Symbol, checker: ts.TypeChecker): Option {
  const declared = symbol.declarations?.find(ts.isPropertySignature)?.type?.getText() ?? ''
  const type = declared.replace(/\breadonly /g, '').replace(/\s+/g, ' ')
  return {
    name: symbol.name,
    type,
    unit: unit(type, symbol.name),
    ...told(ts.displayPartsToString(symbol.getDocumentationComment(checker))),
  }
}

/** The parts of a docstring: what it means, `Default …`, `Edge: …`, and a list of choices at its end. */
function told(docstring: string): Pick<Option, 'means' | 'fallback' | 'edge'> {
  const [first = '', ...more] = docstring.split(/\n\s*\n/)
  let text = first.replace(/\s+/g, ' ').trim()
  const edge = cut(/ ?Edge: (.+?)\.?$/)
  const fallback = cut(/ ?Default:? (.+?)\.(?= |$)/)
  return { means: [text, ...more.map(choices)].filter((part) => part !== '').join(' '), fallback, edge }

  function cut(pattern: RegExp): string {
    const found = pattern.exec(text)
    if (found) text = `${text.slice(0, found.index)}${text.slice(found.index + found[0].length)}`.trim()
    return found?.[1] ?? ''
  }
}

/** Lines such as `work  an acknowledged task is removed at once` as sentences; a paragraph as it is. */
function choices(paragraph: string): string {
  const lines = paragraph.replace(/\n {4,}/g, ' ').split('\n')
  if (!lines.every((line) => /^\S+ {2,}\S/.test(line))) return paragraph.replace(/\s+/g, ' ').trim()
  return lines
    .map((line) => line.replace(/^(\S+) {2,}/, '`$1`: ').replace(/\.$/, ''))
    .join('; ')
    .concat('.')
}

function unit(type: string, name: string): string {
  if (/\bDuration\b|\bBackoff\b/.test(type)) return 'time'
  if (name === 'bytes') return 'bytes'
  return type === 'number' ? 'count' : ''
}

/** The page. */
export function optionsPage(): string {
  const doors = [...new Set(places.map(([, , , from = door]) => from))]
  const all = new Map(
    doors.flatMap((each) => [
      ...optionsOf(
        places.filter(([, , , from = door]) => from === each).flatMap(([, names]) => names),
        each,
      ),
    ]),
  )
  const sections = places.map(([call, names, more]) => {
    const rows = names.flatMap((name) => all.get(name) ?? []).map(row)
    return [`## \`${call}\``, ...(more === '' ? [] : [more]), [head, ...rows].join('\n')].join('\n\n')
  })
  return `${[intro, ...sections].join('\n\n')}\n`
}

const head = '| Option | Meaning | Unit | Default | Edge |\n|---|---|---|---|---|'

function row({ name, type, unit, means, fallback, edge }: Option): string {
  return `| \`${name}\`<br>\`${cell(type)}\` | ${cell(means)} | ${unit} | ${cell(fallback)} | ${cell(edge)} |`
}

const cell = (text: string): string => text.replaceAll('|', '\\|')

const intro = `# Options

Every option there is, with type, unit, default and edge. Options are one object, the last argument, and can be left out.

- A \`time\` is whole milliseconds, or text with a unit: \`'250ms'\`, \`'30s'\`, \`'1.5m'\`, \`'2h'\`, \`'7d'\`.
- An option that does not exist is refused (\`UNKNOWN_OPTION\`, with a guess at what was meant), a value that cannot be used is refused
  (\`INVALID_OPTION\`), and all complaints about one call come in one error, before anything is sent.
- What is \`undefined\` counts as left out.

What the environment says, and limits that are no options, are in [configuration](configuration.md).
This page is written from the docstrings in \`src/\` by \`npm run docs\`.`
