/** Tables: real ones, with rows that can be walked by keyboard. */

import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'
import { onKeys } from '../keys.ts'

/** A column: its heading and what stands in it. */
export interface Column<T> {
  readonly head: string
  readonly cell: (row: T) => ComponentChildren
  readonly number?: boolean
  readonly wide?: boolean
  /** Sorts by this. */
  readonly by?: (row: T) => number | string | undefined
}

interface Props<T> {
  readonly label: string
  readonly columns: readonly Column<T>[]
  readonly rows: readonly T[]
  readonly id: (row: T) => string
  /** Where a row leads, by Enter. */
  readonly open?: (row: T) => void
  /** The rows that are chosen; with it, rows can be. */
  readonly chosen?: ReadonlySet<string>
  readonly choose?: (ids: ReadonlySet<string>) => void
}

/** A table. */
export function Table<T>({ label, columns, rows, id, open, chosen, choose }: Props<T>) {
  const current = useSignal(-1)
  const sorted = useSignal<{ readonly head: string; readonly down: boolean } | undefined>(undefined)
  const shown = order(rows, columns, sorted.value)
  const toggle = (row: T): void => {
    if (!chosen || !choose) return
    const next = new Set(chosen)
    if (!next.delete(id(row))) next.add(id(row))
    choose(next)
  }
  useEffect(() =>
    onKeys({
      j: () => {
        current.value = Math.min(shown.length - 1, current.value + 1)
      },
      k: () => {
        current.value = Math.max(0, current.value - 1)
      },
      x: () => {
        const row = shown[current.value]
        if (row) toggle(row)
      },
      Enter: () => {
        const row = shown[current.value]
        if (row && document.activeElement === document.body) open?.(row)
      },
    }),
  )
  return (
    // Scrolled by keyboard where it is wider than the screen.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable
    <section class="card scroll" aria-label={label} tabIndex={0}>
      <table>
        <caption class="hidden">{label}</caption>
        <thead>
          <tr>
            {choose ? (
              <th scope="col">
                <input
                  type="checkbox"
                  aria-label="Choose all shown"
                  checked={rows.length > 0 && rows.every((row) => chosen?.has(id(row)))}
                  onChange={(event) => choose(new Set(event.currentTarget.checked ? rows.map(id) : []))}
                />
              </th>
            ) : null}
            {columns.map((column) => (
              <Heading key={column.head} column={column} sorted={sorted.value} sort={(to) => (sorted.value = to)} />
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map((row, index) => (
            <tr key={id(row)} class={index === current.value ? 'current' : ''} aria-selected={choose ? chosen?.has(id(row)) : undefined}>
              {choose ? (
                <td>
                  <input type="checkbox" aria-label={`Choose ${id(row)}`} checked={chosen?.has(id(row))} onChange={() => toggle(row)} />
                </td>
              ) : null}
              {columns.map((column) => (
                <td key={column.head} class={column.number ? 'num' : column.wide ? 'wide' : undefined}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

type Sorted = { readonly head: string; readonly down: boolean } | undefined

function Heading<T>({ column, sorted, sort }: { column: Column<T>; sorted: Sorted; sort: (to: Sorted) => void }) {
  const mine = sorted?.head === column.head
  if (!column.by)
    return (
      <th scope="col" class={column.number ? 'num' : undefined}>
        {column.head}
      </th>
    )
  return (
    <th scope="col" class={column.number ? 'num' : undefined} aria-sort={mine ? (sorted.down ? 'descending' : 'ascending') : 'none'}>
      <button type="button" class="plain sort" onClick={() => sort(mine && !sorted.down ? undefined : { head: column.head, down: !mine })}>
        {column.head}
        <span aria-hidden="true">{mine ? (sorted.down ? ' ↓' : ' ↑') : ''}</span>
      </button>
    </th>
  )
}

function order<T>(rows: readonly T[], columns: readonly Column<T>[], sorted: Sorted): readonly T[] {
  const by = columns.find((column) => column.head === sorted?.head)?.by
  if (!by || !sorted) return rows
  const sign = sorted.down ? -1 : 1
  return [...rows].sort((a, b) => {
    const [left, right] = [by(a) ?? '', by(b) ?? '']
    return sign * (left < right ? -1 : left > right ? 1 : 0)
  })
}
