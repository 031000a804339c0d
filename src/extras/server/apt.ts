/**
 * Debian's package sources: how a machine is configured, and the configuration we derive from it. Pure.
 *
 * We never name a mirror: the machine's own is used, with the keyring that the machine trusts for it, and only the suite is
 * replaced by a newer one. See sources.list(5) for both formats and apt.conf(5).
 */

/** One place packages come from. */
export interface AptSource {
  readonly uri: string
  readonly suite: string
  readonly components: readonly string[]
  /** What stands between brackets, or the same said in a stanza: the keyring, mostly. */
  readonly options: Readonly<Record<string, string>>
  /** The file it was read from. */
  readonly file: string
}

/** Reads a `*.list` file: one source per line. */
export function parseList(text: string, file: string): readonly AptSource[] {
  return text.split('\n').flatMap((line) => {
    const found = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)(.*)/.exec(line.replace(/#.*/, ''))
    const [, brackets = '', uri, suite, rest] = found ?? []
    if (uri === undefined || suite === undefined) return []
    const options = Object.fromEntries(
      brackets
        .split(/\s+/)
        .filter((part) => part.includes('='))
        .map((part) => [part.slice(0, part.indexOf('=')).toLowerCase(), part.slice(part.indexOf('=') + 1)]),
    )
    return [{ uri, suite, components: words(rest), options, file }]
  })
}

/** Reads a `*.sources` file: stanzas of `Field: value`, each standing for all its URIs × suites. */
export function parseSources(text: string, file: string): readonly AptSource[] {
  return text.split(/\n[ \t]*\n/).flatMap((stanza) => {
    const fields = fieldsOf(stanza)
    const types = words(fields.types)
    if (!types.includes('deb') || fields.enabled?.toLowerCase() === 'no') return []
    const signedBy = fields['signed-by']?.trim()
    // A key written into the stanza itself cannot be said in a one-line source; the machine's trusted keys must do.
    const options: Record<string, string> = signedBy?.startsWith('/') ? { 'signed-by': signedBy } : {}
    return words(fields.uris).flatMap((uri) =>
      words(fields.suites).map((suite) => ({ uri, suite, components: words(fields.components), options, file })),
    )
  })
}

/** What a machine says of itself in /etc/os-release: `debian`, `ubuntu`, or what it is like. */
export function family(osRelease: string): 'debian' | 'ubuntu' | undefined {
  const value = (name: string): string => new RegExp(`^${name}=["']?([^"'\n]*)`, 'm').exec(osRelease)?.[1] ?? ''
  const names = `${value('ID')} ${value('ID_LIKE')}`.split(/\s+/)
  return names.find((name) => name === 'debian' || name === 'ubuntu') as 'debian' | 'ubuntu' | undefined
}

/** Releases known to ship a nats-server older than 2.14, or none. */
const old = /^(?:(?:old)*stable|stretch|buster|bullseye|bookworm|trixie|xenial|bionic|focal|jammy|noble|oracular|plucky|questing)\b/

/** A mirror and the suites to ask it for, in this order. */
export interface Mirror {
  readonly source: AptSource
  readonly suites: readonly string[]
  readonly components: readonly string[]
}

/** The machine's main mirror, and the suites in which a new enough server may be. Undefined if none is configured. */
export function mirrorOf(sources: readonly AptSource[], kind: 'debian' | 'ubuntu'): Mirror | undefined {
  const usable = sources.filter(
    ({ uri, suite, components }) => /^(?:https?|mirror\+\w+|file):/.test(uri) && /^[a-z]+$/.test(suite) && components.includes('main'),
  )
  // Other archives may stand beside it; its keyring tells it apart, and where none is named, its path.
  const source =
    usable.find(({ options }) => options['signed-by']?.includes(`${kind}-archive`)) ??
    usable.find(({ uri }) => new RegExp(`/${kind}/?$`).test(uri)) ??
    usable[0]
  if (!source) return undefined
  const newer = kind === 'debian' ? ['forky', 'sid'] : ['devel']
  const suites = old.test(source.suite) ? newer : [...new Set([source.suite, ...newer])]
  return { source, suites, components: kind === 'debian' ? ['main'] : ['main', 'universe'] }
}

/** The one line of our own source list. */
export function sourceLine(mirror: Mirror, suite: string): string {
  const { uri, options } = mirror.source
  const brackets = Object.entries(options).map(([name, value]) => `${name}=${value}`)
  return `deb ${brackets.length > 0 ? `[${brackets.join(' ')}] ` : ''}${uri} ${suite} ${mirror.components.join(' ')}\n`
}

/**
 * Our own apt.conf, read after the machine's: all that apt writes stays in `folder`, nothing of the machine is read but how to
 * reach the network and whom to trust, and its hooks do not run.
 *
 * root  as root, apt would drop to a user who cannot write into our folder
 */
export function aptConfig(folder: string, root: boolean): string {
  const set: Record<string, string> = {
    'Dir::State': `${folder}/state`,
    'Dir::State::Lists': `${folder}/state/lists`,
    'Dir::State::status': `${folder}/status`,
    'Dir::Cache': `${folder}/cache`,
    'Dir::Etc::SourceList': `${folder}/sources.list`,
    'Dir::Etc::SourceParts': '/dev/null',
    'Dir::Etc::Preferences': '/dev/null',
    'Dir::Etc::PreferencesParts': '/dev/null',
    'Dir::Log': `${folder}/log`,
    'Acquire::Languages': 'none',
    'Acquire::Retries': '1',
    'Acquire::http::Timeout': '5',
    'Acquire::https::Timeout': '5',
    'APT::Update::Error-Mode': 'any',
    ...(root ? { 'APT::Sandbox::User': 'root' } : {}),
  }
  const clear = ['APT::Update::Pre-Invoke', 'APT::Update::Post-Invoke', 'APT::Update::Post-Invoke-Success']
  return [...clear.map((name) => `#clear ${name};`), ...Object.entries(set).map(([name, value]) => `${name} "${value}";`), ''].join('\n')
}

/** The upstream part of a Debian version: `2.15.1` of `2.15.1-1+b2`. Undefined if it has none. */
export function upstream(version: string): string | undefined {
  return /^(?:\d+:)?(\d+\.\d+\.\d+)(?![\d~])/.exec(version)?.[1]
}

function fieldsOf(stanza: string): Record<string, string> {
  const fields: Record<string, string> = {}
  let last = ''
  for (const line of stanza.split('\n')) {
    if (line.startsWith('#')) continue
    const colon = line.indexOf(':')
    if (/^\s/.test(line) && last !== '') fields[last] += `\n${line.trim()}`
    else if (colon > 0) {
      last = line.slice(0, colon).trim().toLowerCase()
      fields[last] = line.slice(colon + 1).trim()
    }
  }
  return fields
}

const words = (value = ''): readonly string[] => value.split(/\s+/).filter((word) => word !== '')
