/**
 * What a deployment of another size would do, from what was measured on this machine. Pure.
 *
 * Three parameters are read off rows of `npm run bench`: what a task costs the clients, and what it costs one server, or three servers with
 * three copies, all told. Two laws:
 *
 * on one machine   tasks/s = cores / (client + server): both sides share the cores, and nothing else limits
 * on a cluster     tasks/s = min(servers × cores × share / cost, partitions / leader): the servers have their cores to themselves, the
 *                  clients are elsewhere; a partition has one leader, which works on it with one core
 *
 * The first can be compared with what was measured, and is. The second is the same law without the clients.
 */

import type { Row } from './report.ts'

/** A row, and what the first law says of it. */
export interface Fit {
  readonly workload: string
  readonly system: string
  readonly measured: number
  readonly predicted: number
}

/** A deployment, and what it is expected to do. */
export interface Forecast {
  readonly servers: number
  readonly cores: number
  readonly partitions: number
  /** Tasks a second, and what ends it. */
  readonly rate: number
  readonly limit: 'servers' | 'leaders'
}

/** Servers run at this share of their cores, so that a lost one leaves room. */
export const share = 0.6

const known = (row: Row): row is Row & { cpu_client_us: number; cpu_server_us: number } =>
  row.unit === '/s' && typeof row.cpu_client_us === 'number' && typeof row.cpu_server_us === 'number'

/** The first law beside each row for which all was measured. */
export function fits(rows: readonly Row[], cores: number): Fit[] {
  return rows.filter(known).map(({ workload, system, median, cpu_client_us, cpu_server_us }) => ({
    workload,
    system,
    measured: median,
    predicted: (cores * 1e6) / (cpu_client_us + cpu_server_us),
  }))
}

/** The second law, from the row of three copies. Undefined where it was not measured. */
export function forecast(rows: readonly Row[], workload: string, servers: number, cores: number, partitions: number): Forecast | undefined {
  const row = rows.filter(known).find((each) => each.workload === workload && each.system === 'replicated')
  if (row === undefined) return undefined
  // Three servers, one copy each: what all of them spend on a task. The leader's part is the largest, and taken as half.
  const cost = row.cpu_server_us
  const [all, leaders] = [(servers * cores * share * 1e6) / cost, (partitions * 1e6) / (cost / 2)]
  return { servers, cores, partitions, rate: Math.round(Math.min(all, leaders)), limit: all <= leaders ? 'servers' : 'leaders' }
}

const rounded = (value: number): string => Number(value.toPrecision(2)).toLocaleString('en')

/** Both as tables. `cores` of this machine; forecasts are for servers of 8. */
export function sizes(rows: readonly Row[], cores: number): string {
  const fit = fits(rows, cores).map(
    ({ workload, system, measured, predicted }) =>
      `| ${workload} | ${system} | ${rounded(measured)} | ${rounded(predicted)} | ${Math.round((100 * measured) / predicted)} % |`,
  )
  const ahead = [
    [3, 1],
    [3, 4],
    [9, 4],
    [9, 16],
    [27, 16],
    [27, 64],
  ].flatMap(([servers = 3, partitions = 1]) => {
    const found = forecast(rows, 'end-to-end-many', servers, 8, partitions)
    return found === undefined ? [] : [`| ${servers} | ${partitions} | ${rounded(found.rate)} | ${found.limit} |`]
  })
  return [
    '| workload | system | measured /s | the law says /s | measured of it |',
    '|---|---|--:|--:|--:|',
    ...fit,
    '',
    '| servers of 8 cores | partitions | tasks /s | limited by |',
    '|--:|--:|--:|---|',
    ...ahead,
    '',
  ].join('\n')
}
