/** Schedules in plain words: `weekdays 09:00, Asia/Kolkata`. Pure. What has no plain words is shown as it is. */

import { spelled } from './duration.ts'
import { clock, type Times } from './when.ts'

const months = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December']
const days = ['Sundays', 'Mondays', 'Tuesdays', 'Wednesdays', 'Thursdays', 'Fridays', 'Saturdays']

/** When a schedule fires, for people. */
export function inPlainWords(times: Times): string {
  if ('every' in times) return `every ${spelled(times.every)}`
  if ('at' in times) return `once, ${clock(times.at, 'UTC')}, UTC`
  return `${cronInWords(times.cron)}, ${times.zone}`
}

function cronInWords(cron: string): string {
  const [second = '', minute = '', hour = '', day = '', month = '', weekday = ''] = cron.split(' ')
  const date = dateInWords(day, month, weekday)
  const time = timeInWords(second, minute, hour)
  if (date === undefined || time === undefined) return `cron ${cron}`
  if (time.often) return date === 'every day' ? time.words : `${date}, ${time.words}`
  return `${date} ${time.words}`
}

/** `every day`, `weekdays`, `Mondays and Fridays`, `the 1st of each month`, `1 January`. */
function dateInWords(day: string, month: string, weekday: string): string | undefined {
  if (day === '*' && month === '*') return weekdaysInWords(weekday)
  if (weekday !== '*' || !/^\d+$/.test(day)) return undefined
  if (month === '*') return `the ${ordinal(Number(day))} of each month`
  return /^\d+$/.test(month) ? `${day} ${months[Number(month) - 1]}` : undefined
}

function weekdaysInWords(weekday: string): string | undefined {
  if (weekday === '*' || weekday === '0-6') return 'every day'
  if (weekday === '1-5') return 'weekdays'
  if (weekday === '0,6' || weekday === '6,0') return 'weekends'
  const range = /^(\d)-(\d)$/.exec(weekday)
  if (range) return `${days[Number(range[1])]} to ${days[Number(range[2])]}`
  if (!/^\d(,\d)*$/.test(weekday)) return undefined
  // The week of people begins on Monday.
  const chosen = weekday.split(',').map(Number)
  return listed(chosen.sort((a, b) => ((a + 6) % 7) - ((b + 6) % 7)).map((each) => days[each] as string))
}

/** A time of day, several of them, or how often within the day. */
function timeInWords(second: string, minute: string, hour: string): { words: string; often: boolean } | undefined {
  const fixed = (text: string) => /^\d+$/.test(text)
  if (fixed(second) && fixed(minute) && /^\d+(,\d+)*$/.test(hour)) {
    const seconds = second === '0' ? '' : `:${two(second)}`
    return { words: listed(hour.split(',').map((each) => `${two(each)}:${two(minute)}${seconds}`)), often: false }
  }
  const words = oftenInWords(second, minute, hour)
  return words === undefined ? undefined : { words, often: true }
}

function oftenInWords(second: string, minute: string, hour: string): string | undefined {
  const every = (text: string) => /^\*\/(\d+)$/.exec(text)?.[1]
  if (minute === '*' && hour === '*') {
    if (second === '*') return 'every second'
    if (every(second)) return `every ${every(second)} seconds`
    return second === '0' ? 'every minute' : undefined
  }
  if (second !== '0') return undefined
  if (hour === '*' && every(minute)) return `every ${every(minute)} minutes`
  if (!/^\d+$/.test(minute)) return undefined
  const past = minute === '0' ? '' : ` at minute ${minute}`
  if (hour === '*') return `every hour${past}`
  return every(hour) ? `every ${every(hour)} hours${past}` : undefined
}

const two = (text: string): string => text.padStart(2, '0')

function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
}

function ordinal(number: number): string {
  const ending = number % 10 > 3 || Math.floor(number / 10) === 1 ? 'th' : (['th', 'st', 'nd', 'rd'][number % 10] ?? 'th')
  return `${number}${ending}`
}
