/** Light, dark, or as the system has it; dense or not. Remembered. */

import { effect, signal } from '@preact/signals'

const themes = ['system', 'light', 'dark'] as const

/** Which theme. */
export const theme = signal<(typeof themes)[number]>(themes.find((each) => each === localStorage.getItem('theme')) ?? 'system')

/** Whether rows stand close. */
export const dense = signal(localStorage.getItem('density') === 'dense')

/** The next theme. */
export function turn(): void {
  theme.value = themes[(themes.indexOf(theme.value) + 1) % themes.length] ?? 'system'
}

effect(() => {
  localStorage.setItem('theme', theme.value)
  document.documentElement.dataset.theme = theme.value
})

effect(() => {
  localStorage.setItem('density', dense.value ? 'dense' : 'airy')
  document.documentElement.dataset.density = dense.value ? 'dense' : 'airy'
})
