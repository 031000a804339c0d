/**
 * The end of a turn of the event loop. What several parts have to write in one turn they write there, one after the other and with
 * nothing between, so that it leaves in one write: a write costs both sides more than a message.
 */

let tasks: (() => void)[] = []

/** Runs a task when this turn of the event loop has ended, after those that were there before. What it asks for in turn runs with it. */
export function atTurnsEnd(task: () => void): void {
  if (tasks.push(task) === 1) setImmediate(run)
}

function run(): void {
  let done = 0
  try {
    for (; done < tasks.length; done++) (tasks[done] as () => void)()
    tasks = []
  } catch (error) {
    // One that throws takes no other with it.
    tasks = tasks.slice(done + 1)
    if (tasks.length > 0) setImmediate(run)
    throw error
  }
}
