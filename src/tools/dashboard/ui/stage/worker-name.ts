/** How a process is called where there is little room: without its machine. */
export function shortWorker(name: string): string {
  return name.split('/').slice(1).join('/') || name
}
