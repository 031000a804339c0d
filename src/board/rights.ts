/** What each role does on the broker, as subjects: the same strings the code itself uses, so that permissions follow it. Pure. */

import { fault } from '../base/errors.ts'
import { lanes, names, partName, subscriptionName, token } from '../wire/names.ts'
import type { BuriedTopic, Task, Topic, TopicPattern } from './contract.ts'
import { homeOf } from './home.ts'
import { inboxName } from './inbox.ts'
import { sitesOf } from './site.ts'
import { strandsOf } from './strand.ts'

/**
 * Who somebody is to the broker.
 *
 * producer  publishes and enqueues, waits for results, asks for the status of tasks and cancels them
 * worker    subscribes to the topics and performs the tasks; does not publish or enqueue
 * reader    looks: at queues, dead letters and the ledger, payloads included; changes nothing
 * operator  declares the streams, keeps schedules, and does everything within the namespace but deleting its streams
 */
export type Role = 'producer' | 'worker' | 'reader' | 'operator'

/** A contract that rights can be given on. */
export type Rightful = Topic<never> | TopicPattern | BuriedTopic | Task<never>

/** Subjects that somebody may publish to, and subscribe to; inboxes are not among them. */
export interface Rights {
  readonly publish: readonly string[]
  readonly subscribe: readonly string[]
  /** Whether questions that come to it may be answered, wherever their answer is wanted. */
  readonly answers: boolean
}

const isTask = (contract: Rightful): contract is Task<never> => contract.kind === 'task'

/** What a role needs on some contracts. `service`: whose subscriptions a worker works for; `ordered`: they are, by a key. Throws INVALID_ARGUMENT where it is missing. */
export function rightsOf(contracts: readonly Rightful[], role: Role, namespace: string, service?: string, ordered = false): Rights {
  const place = names(namespace)
  const { namespace: ns, table } = place
  const tasks = contracts.filter(isTask)
  const topics = contracts.filter((each): each is Exclude<Rightful, Task<never>> => !isTask(each))
  const api = (verb: string, ...rest: readonly string[]) => ['$JS.API', verb, ...rest].join('.')
  const read = (key: string) => api('DIRECT.GET', table, key)
  const kept = unique([
    ...topics.map((topic) => homeOf(place, topic).stream),
    ...tasks.flatMap((task) => sitesOf(place, task.place).map((site) => site.stream)),
  ])
  const inboxes = topics.flatMap((topic) => {
    const queue = inboxName(service ?? '', topic)
    return ordered ? [place.queue(queue), place.laterStream(queue)] : []
  })
  const large = contracts.filter((each) => 'large' in each && each.large !== 'refuse')
  const streams = unique([place.topics, table, place.dead, place.ledger, ...kept, ...(large.length > 0 ? [place.objects] : []), ...inboxes])
  /** What every board asks: whether streams are there, and whether a queue has more of them than the code says. */
  const look = [...streams, ...tasks.map(({ place: { name, partitions } }) => place.queue(partName(name, partitions)))].map((stream) =>
    api('STREAM.INFO', stream),
  )
  /** What lies beside messages, and who may still need it. */
  const beside =
    large.length === 0
      ? []
      : [
          place.object('*', '*'),
          api('DIRECT.GET', place.objects, '>'),
          ...[place.objects, place.dead, ...tasks.filter((task) => large.includes(task)).map((task) => place.laterStream(task.queue))].map(
            (stream) => api('STREAM.MSG.GET', stream),
          ),
          api('STREAM.PURGE', place.objects),
        ]
  const live = tasks.some(({ track }) => track) ? [`${ns}.live.result.>`, `${ns}.live.progress.>`] : []

  function producer(): Rights {
    const publish = topics.filter(({ kind }) => kind === 'topic').map((topic) => homeOf(place, topic).event)
    for (const task of tasks) {
      publish.push(`${ns}.schedule.task.${task.queue}.${token(task.name)}.*`, place.desk(task.queue, task.name))
      for (const site of sitesOf(place, task.place)) {
        const { stream, part } = site
        publish.push(`${ns}.task.${part}.${token(task.name)}.>`, `${ns}.later.${part}.${token(task.name)}.>`)
        publish.push(api('STREAM.MSG.GET', stream), api('STREAM.MSG.DELETE', stream))
        publish.push(
          ...strandsOf(place, task, { ...site, delayed: false }, lanes).map(({ consumer }) =>
            read(place.record('memory', stream, consumer, '*')),
          ),
        )
      }
    }
    if (tasks.length > 0)
      publish.push(
        place.record('result', '>'),
        read(place.record('result', '>')),
        place.record('turn', '>'),
        read(place.record('turn', '>')),
      )
    return { publish: [...look, `${ns}.ledger.*`, ...beside, ...publish], subscribe: live, answers: false }
  }

  function worker(): Rights {
    const publish = ['worker.*', 'trail.>', 'ending.>'].map((key) => place.record(key))
    const subscribe = [`${ns}.ask.*`]
    const both = (key: string) => publish.push(key, read(key))
    const consumer = (stream: string, name: string, filters: readonly string[]) => {
      publish.push(api('CONSUMER.INFO', stream, name), api('CONSUMER.MSG.NEXT', stream, name), `$JS.ACK.${stream}.${name}.>`)
      // With one filter it is part of the subject, and the broker holds it to that.
      publish.push(
        filters.length === 1 ? api('CONSUMER.CREATE', stream, name, filters[0] ?? '') : api('CONSUMER.DURABLE.CREATE', stream, name),
      )
      both(place.record('memory', stream, name, '*'))
    }
    /** The stream of an inbox is the subscription's alone, so it may set it up, too. */
    const inbox = (queue: string) => {
      const stream = place.queue(queue)
      for (const each of [stream, place.laterStream(queue)]) publish.push(api('STREAM.INFO', each), api('STREAM.CREATE', each))
      publish.push(api('STREAM.INFO', place.queue(partName(queue, 1))), api('STREAM.MSG.GET', stream))
      for (const verb of ['INFO', 'CREATE', 'DURABLE.CREATE', 'MSG.NEXT']) publish.push(api(`CONSUMER.${verb}`, stream, '>'))
      publish.push(`$JS.ACK.${stream}.>`, `${ns}.task.${queue}.>`, read(place.record('pause', queue)))
      both(place.record('memory', stream, '>'))
      subscribe.push(place.live('pause', queue))
    }
    if (topics.length > 0 && service === undefined)
      throw fault('INVALID_ARGUMENT', 'The rights of a worker on topics were asked for, and not of which service.', {
        fix: 'Name the service: its subscriptions are its own.',
      })
    for (const topic of topics) {
      const { stream, filters } = homeOf(place, topic)
      const name = subscriptionName(service ?? '', topic.name)
      consumer(stream, name, filters(name))
      both(place.record('once', name, '*', '*'))
      publish.push(`${ns}.dead.topic.${service}.${topic.kind === 'topic' ? token(topic.name) : '*'}.*`)
      if (ordered) inbox(inboxName(service ?? '', topic))
    }
    for (const task of tasks) {
      for (const site of sitesOf(place, task.place)) {
        for (const strand of strandsOf(place, task, site, lanes)) consumer(site.stream, strand.consumer, strand.filters)
        publish.push(api('STREAM.MSG.GET', site.stream))
        if (task.place.layout === 'log') publish.push(api('STREAM.PURGE', site.stream))
      }
      both(place.record('once', token(task.name), '*', '*'))
      publish.push(`${ns}.dead.task.${task.queue}.${token(task.name)}.*`, read(place.record('pause', task.queue)))
      subscribe.push(place.desk(task.queue, task.name), place.live('pause', task.queue))
    }
    if (tasks.length > 0) {
      both(place.record('result', '>'))
      publish.push(place.live('progress', '>'))
    }
    return {
      publish: [...look, `${ns}.ledger.*`, ...beside, read(place.record('trail', '>')), read(place.record('ending', '>')), ...publish],
      subscribe,
      answers: true,
    }
  }

  function reader(): Rights {
    const each = (stream: string) => [
      ...['STREAM.MSG.GET', 'DIRECT.GET', 'CONSUMER.LIST'].map((verb) => api(verb, stream)),
      api('DIRECT.GET', stream, '>'),
      api('CONSUMER.INFO', stream, '*'),
    ]
    const ledger = [
      api('CONSUMER.CREATE', place.ledger),
      api('CONSUMER.MSG.NEXT', place.ledger, '*'),
      api('CONSUMER.DELETE', place.ledger, '*'),
    ]
    return {
      publish: [
        ...look,
        api('INFO'),
        api('STREAM.LIST'),
        api('STREAM.NAMES'),
        ...streams.flatMap(each),
        ...ledger,
        '$SYS.REQ.SERVER.PING.VARZ',
      ],
      subscribe: [`${ns}.live.>`],
      answers: false,
    }
  }

  function operator(): Rights {
    const each = (stream: string) => [
      ...['CREATE', 'UPDATE', 'PURGE', 'MSG.DELETE'].map((verb) => api(`STREAM.${verb}`, stream)),
      ...['*', 'DURABLE.CREATE', 'MSG.NEXT'].map((verb) => api(`CONSUMER.${verb}`, stream, '>')),
      api('CONSUMER.CREATE', stream),
      `$JS.ACK.${stream}.>`,
    ]
    return { publish: [...reader().publish, `${ns}.>`, ...streams.flatMap(each)], subscribe: [`${ns}.>`], answers: true }
  }

  const { publish, subscribe, answers } = { producer, worker, reader, operator }[role]()
  return { publish: unique(publish), subscribe: unique(subscribe), answers }
}

const unique = (texts: readonly string[]): string[] => [...new Set(texts)].sort()
