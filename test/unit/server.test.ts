/** What the launcher decides, without starting anything. */

import { describe, expect, test } from 'vitest'
import { aptConfig, family, mirrorOf, parseList, parseSources, sourceLine, upstream } from '../../src/extras/server/apt.ts'
import { cacheFolder } from '../../src/extras/server/cache.ts'
import { withStore } from '../../src/extras/server/config.ts'
import { startFailed } from '../../src/extras/server/failure.ts'
import { waysOut } from '../../src/extras/server/fetch.ts'
import { choose } from '../../src/extras/server/fetch-release.ts'
import { parseInfo } from '../../src/extras/server/info.ts'
import { judge } from '../../src/extras/server/lock.ts'
import { compare, features, newEnough, told, versionIn } from '../../src/extras/server/version.ts'

describe('versions', () => {
  test.each([
    ['nats-server: v2.15.1', '2.15.1'],
    ['nats-server: v2.14.0-RC.2', '2.14.0-RC.2'],
    ['nats-server version 2.9.10', '2.9.10'],
    ['nothing here', undefined],
  ])('%s says %s', (said, version) => expect(versionIn(said)).toBe(version))

  test.each([
    ['2.9.10', false],
    ['2.12.99', false],
    ['2.14.0-RC.2', false],
    ['2.14.0', true],
    ['2.15.1', true],
    ['10.0.0', true],
  ])('%s is new enough: %s', (version, enough) => expect(newEnough(version)).toBe(enough))

  test('numbers are compared as numbers, and a pre-release comes before its release', () => {
    expect(['2.15.1', '2.9.10', '2.14.0', '2.14.0-RC.10', '2.14.0-RC.2'].sort(compare)).toEqual([
      '2.9.10',
      '2.14.0-RC.2',
      '2.14.0-RC.10',
      '2.14.0',
      '2.15.1',
    ])
  })

  test('a version decides what can be built on it, and says so in words', () => {
    expect(features('2.12.4')).toMatchObject({ ttl: true, batches: true, schedules: false, consumerLimit: false })
    expect(features('2.15.1')).toMatchObject({ schedules: true, consumerLimit: true })
    expect(told('2.12.4').join('\n')).toMatch(/schedules: .*\(no, since 2\.14\.0\)/)
  })
})

describe('the configuration file', () => {
  const absolute = (path: string): string => `/etc/nats/${path}`

  test.each([
    ['jetstream {\n  store_dir: "old"\n}', 'jetstream {\n  store_dir: "/new"\n}'],
    ["jetstream { max_mem: 1G, store_dir='old', sync: x }", 'jetstream { max_mem: 1G, store_dir="/new", sync: x }'],
    ['jetstream {store_dir: old}', 'jetstream {store_dir: "/new"}'],
    ['store_dir old # kept\n', 'store_dir "/new" # kept\n'],
    ['include ./users.conf\nstore_dir: a', 'include "/etc/nats/./users.conf"\nstore_dir: "/new"'],
  ])('%j gets another store folder and keeps its lines', (text, changed) => expect(withStore(text, '/new', absolute)).toBe(changed))

  test('a file that names no store folder is used as it is', () => expect(withStore('jetstream {}', '/new', absolute)).toBeUndefined())
})

describe('the lock', () => {
  const holder = (pid: number) => ({ pid, born: '' })
  const lives = ({ pid }: { pid: number }): boolean => pid < 10

  test.each([
    ['nobody claims the folder', undefined, 'take'],
    ['both live', { launcher: holder(1), server: holder(2) }, 'locked'],
    ['the launcher is about to start the server', { launcher: holder(1) }, 'locked'],
    ['the server has died, its launcher has not', { launcher: holder(1), server: holder(20) }, 'take'],
    ['the launcher has died and the server is shutting down', { launcher: holder(10), server: holder(2) }, 'wait'],
    ['both have died', { launcher: holder(10), server: holder(20) }, 'take'],
    ['the launcher has died before it started the server', { launcher: holder(10) }, 'take'],
  ] as const)('%s: %3$s', (_, claim, verdict) => expect(judge(claim, lives)).toBe(verdict))
})

describe('published archives', () => {
  const sum = 'a'.repeat(64)
  const sums = [
    `${sum}  nats-server-v2.15.1-linux-amd64.zip`,
    `${sum.toUpperCase()} *nats-server-v2.15.1-linux-amd64.tar.gz`,
    `${sum}  nats-server-v2.15.1-windows-amd64.zip`,
  ]

  test.each([
    ['linux', 'x64', 'nats-server-v2.15.1-linux-amd64.tar.gz'],
    ['win32', 'x64', 'nats-server-v2.15.1-windows-amd64.zip'],
    ['darwin', 'arm64', undefined],
  ])('for %s %s it is %s', (platform, arch, name) => {
    expect(choose(sums.join('\n'), '2.15.1', platform, arch)).toEqual(name === undefined ? undefined : { name, sum })
  })
})

test.each([
  ['linux', 'x64', 'nats-server-v2.15.1-linux-amd64.tar.gz && '],
  ['darwin', 'arm64', 'nats-server-v2.15.1-darwin-arm64.tar.gz && '],
  ['win32', 'x64', 'nats-server-v2.15.1-windows-amd64.zip && '],
])('the ways out name the archive for %s %s', (platform, arch, name) => expect(waysOut(platform, arch)).toContain(name))

describe('the package mirror', () => {
  const stanzas = [
    'Types: deb\n# an older snapshot\nURIs: http://mirror.example/debian\nSuites: bookworm bookworm-updates\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg',
    'Types: deb\nURIs: http://mirror.example/debian-security\nSuites: bookworm-security\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg',
    'Types: deb\nEnabled: no\nURIs: http://off.example/debian\nSuites: sid\nComponents: main',
    'Types: deb\nURIs: https://tools.example/node\nSuites: nodistro\nComponents: main\nSigned-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc',
  ].join('\n\n')

  test('is read from stanzas, one source for each address and suite', () => {
    const sources = parseSources(stanzas, 'debian.sources')
    expect(sources.map(({ uri, suite }) => `${uri} ${suite}`)).toEqual([
      'http://mirror.example/debian bookworm',
      'http://mirror.example/debian bookworm-updates',
      'http://mirror.example/debian-security bookworm-security',
      'https://tools.example/node nodistro',
    ])
  })

  test("is the machine's own, with its keyring, and a newer suite where the configured one is too old", () => {
    const mirror = mirrorOf(parseSources(stanzas, 'debian.sources').toReversed(), 'debian')
    expect(mirror?.suites).toEqual(['forky', 'sid'])
    expect(mirror && sourceLine(mirror, 'sid')).toBe(
      'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://mirror.example/debian sid main\n',
    )
  })

  test('is read from lines, and the configured suite comes first if it is not known to be too old', () => {
    const lines =
      'deb-src http://mirror.example/debian sid main\n# deb http://no.example/debian sid main\ndeb [arch=amd64 trusted=yes] http://mirror.example/debian/ forky main contrib # us\n'
    const mirror = mirrorOf(parseList(lines, 'sources.list'), 'debian')
    expect(mirror?.suites).toEqual(['forky', 'sid'])
    expect(mirror && sourceLine(mirror, 'forky')).toBe('deb [arch=amd64 trusted=yes] http://mirror.example/debian/ forky main\n')
  })

  test('is none if there are only discs and foreign archives', () => {
    expect(
      mirrorOf(parseList('deb cdrom:[Debian]/ bookworm main\ndeb https://tools.example/docker bookworm stable', 'x'), 'debian'),
    ).toBeUndefined()
  })

  test('is looked for on Debian and what derives from it', () => {
    expect(family('PRETTY_NAME="x"\nID=debian\n')).toBe('debian')
    expect(family('ID=linuxmint\nID_LIKE="ubuntu debian"\n')).toBe('ubuntu')
    expect(family('ID=alpine\n')).toBeUndefined()
  })

  test('apt writes only into our folder, and keeps to root only if we are root', () => {
    expect(aptConfig('/cache/x', false)).toContain('Dir::State::Lists "/cache/x/state/lists";')
    expect(aptConfig('/cache/x', false)).not.toContain('Sandbox')
    expect(aptConfig('/cache/x', true)).toContain('APT::Sandbox::User "root";')
  })

  test.each([
    ['2.15.1-1', '2.15.1'],
    ['1:2.14.0-1+b2', '2.14.0'],
    ['2.14.0~rc1-1', undefined],
    ['', undefined],
  ])('the package version %j is the server version %s', (version, number) => expect(upstream(version)).toBe(number))
})

describe('the cache', () => {
  test.each([
    [{ CALLBOARD_CACHE: '/a', XDG_CACHE_HOME: '/b', HOME: '/c' }, '/a'],
    [{ XDG_CACHE_HOME: '/b', HOME: '/c' }, '/b/callboard'],
    [{ HOME: '/c' }, '/c/.cache/callboard'],
  ])('with %j is %s', (env, folder) => expect(cacheFolder(env)).toBe(folder))
})

describe('a failed start', () => {
  const ending = { code: 1, signal: null }

  test('is told from what the server said last', () => {
    expect(startFailed(4222, ending, ['[FTL] Error listening on port: 4222, "listen tcp: bind: address already in use"'])).toMatchObject({
      code: 'SERVER_PORT_TAKEN',
      details: { port: 4222 },
    })
    expect(startFailed(4222, ending, ['nats-server: x.conf:3:1: unknown field "blah"', '']).message).toMatch(
      /exit code 1.*\n {2}nats-server: x\.conf:3:1: unknown/,
    )
    expect(startFailed(4222, ending, ["a.conf:1:1: Duplicate 'store_dir' configuration"]).fix).toMatch(/main configuration file/)
  })
})

test.each([
  ['INFO {"server_name":"a","version":"2.15.1","jetstream":true}', { name: 'a', version: '2.15.1', jetstream: true }],
  ['INFO {"server_name":"a","version":"2.15.1"}', { name: 'a', version: '2.15.1', jetstream: false }],
  ['INFO {', undefined],
  ['220 mail.example ESMTP', undefined],
])('the greeting %s is understood', (line, info) => expect(parseInfo(line)).toEqual(info))
