/** Contracts: what may be said here, in which form, and a place to try it. */

import type { ContractView } from '../../contracts.ts'
import { useData } from '../api.ts'
import { isOperator, mayAct } from '../live/live.ts'
import { Empty, Head, Loaded } from '../parts/frame.tsx'
import { say } from '../parts/say.tsx'
import { Kind, Text } from '../parts/words.tsx'
import { visible } from '../text.ts'

const example = `await serve(board, { contracts: [bookReleased, sendMail] })`

/** The screen. */
export function Contracts() {
  const shown = useData<readonly ContractView[]>('contracts')
  return (
    <>
      <Head
        title="Contracts"
        acts={
          <a class="button" href="api/asyncapi.json" download="asyncapi.json">
            AsyncAPI 3
          </a>
        }
      >
        What may be announced and what may be asked for, with the schema of each. Try it, and watch what comes of it.
      </Head>
      <Loaded shown={shown.value}>
        {(contracts) =>
          contracts.length === 0 ? (
            <div class="card">
              <Empty title="No contracts were given to this dashboard." code={example}>
                With them it shows schemas and checks what is sent from here.
              </Empty>
            </div>
          ) : (
            contracts.map((contract) => <Contract key={`${contract.kind} ${contract.name}`} contract={contract} />)
          )
        }
      </Loaded>
    </>
  )
}

function Contract({ contract }: { readonly contract: ContractView }) {
  const implicit = contract.kind === 'topic'
  const properties = Object.entries(contract.schema?.properties ?? {})
  return (
    <article class="card pad stack contract" data-contract={contract.name}>
      <header class="head">
        <div>
          <h2>
            <Kind style={implicit ? 'implicit' : 'explicit'} /> <Text text={contract.name} limit={100} />
          </h2>
          <p>
            {implicit
              ? 'Topic: every service that subscribed gets a copy.'
              : `Task: exactly one worker performs it. Waits in the queue ${visible(contract.queue ?? '', 60)}.`}
          </p>
        </div>
        {isOperator.value ? (
          <div class="acts">
            <button type="button" disabled={!mayAct.value} onClick={() => say(contract.kind, contract.name)}>
              Try it…
            </button>
          </div>
        ) : null}
      </header>
      {properties.length > 0 ? (
        <dl class="facts">
          {properties.map(([name, each]) => (
            <>
              <dt class="mono">
                {visible(name, 60)}
                {contract.schema?.required?.includes(name) ? '' : '?'}
              </dt>
              <dd>
                {visible([each.type, each.format].flat().filter(Boolean).join(' · ') || 'anything', 80)}{' '}
                {each.description ? <span class="soft">{visible(each.description, 200)}</span> : null}
              </dd>
            </>
          ))}
        </dl>
      ) : (
        <p class="soft">
          {contract.checked ? 'It is checked; its schema library does not tell by what.' : 'It has no schema: anything may be said.'}
        </p>
      )}
      {contract.schema ? (
        <details>
          <summary>JSON Schema</summary>
          <pre class="payload">{visible(JSON.stringify(contract.schema, null, 2), 20_000)}</pre>
        </details>
      ) : null}
    </article>
  )
}
