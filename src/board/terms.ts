/** What one task says for itself: by when it must start, and how often it may be tried. Read from its headers, written by `enqueue`. */

import type { Terms } from '../runtime/run.ts'
import type { Policy } from '../runtime/verdict.ts'
import type { Delivery } from '../wire/delivery.ts'
import { header } from '../wire/envelope.ts'
import type { RetryOptions } from './contract.ts'
import { policyOf } from './policy.ts'

/**
 * Reads the terms of deliveries under a policy. The plain case looks at one flag and gives the same object each time.
 * `age`: ms that anything of this queue may wait before it starts; 0: any time.
 */
export function termsOf(policy: Policy, age = 0): (delivery: Delivery) => Terms {
  if (age === 0) return ownTerms(policy)
  const own = ownTerms(policy)
  return (delivery) => {
    const terms = own(delivery)
    const oldest = delivery.storedAt + age
    return terms.expires !== undefined && terms.expires < oldest ? terms : { ...terms, expires: oldest }
  }
}

/** What a delivery says for itself. */
function ownTerms(policy: Policy): (delivery: Delivery) => Terms {
  const plain: Terms = { expires: undefined, policy }
  return (delivery) => {
    const { headers } = delivery
    if (headers.plain) return plain
    const expires = headers.get(header.expires)
    const retry = headers.get(header.retry)
    if (expires === undefined && retry === undefined) return plain
    return {
      expires: expires === undefined ? undefined : expiresAt(expires, delivery),
      policy: retry === undefined ? policy : overridden(policy, retry),
    }
  }
}

/** An instant; or, on what a schedule fires, a time from when it was fired: `+60000`. */
function expiresAt(expires: string, delivery: Delivery): number {
  return Number(expires) + (expires.startsWith('+') ? delivery.storedAt : 0)
}

/** Its own attempts and waits, with the error tests of the contract. Unreadable terms are those of the contract. */
function overridden(policy: Policy, retry: string): Policy {
  try {
    const own = JSON.parse(retry) as RetryOptions
    const read = policyOf('a stored task', own, policy.timeout)
    return {
      ...policy,
      attempts: own.attempts === undefined ? policy.attempts : read.attempts,
      backoff: own.backoff === undefined ? policy.backoff : read.backoff,
      maxAge: own.maxAge === undefined ? policy.maxAge : read.maxAge,
      maxRuntime: own.maxRuntime === undefined ? policy.maxRuntime : read.maxRuntime,
    }
  } catch {
    return policy
  }
}
