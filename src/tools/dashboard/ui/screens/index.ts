/** All screens: what they are called, how they are reached, what draws them. */

import type { ComponentType } from 'preact'
import { Stage } from './stage.tsx'

/** A screen. */
export interface Screen {
  readonly name: string
  readonly title: string
  readonly glyph: string
  /** Reached by `g` and this. */
  readonly key: string
  readonly view: ComponentType
}

/** In the order of the navigation. */
export const screens: readonly Screen[] = [{ name: 'stage', title: 'Stage', glyph: '◈', key: 's', view: Stage }]
