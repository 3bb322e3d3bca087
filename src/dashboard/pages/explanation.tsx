/** An explanation as the API gives it, in the order in which a request would meet it. */
import type { AdminDocument } from "../../config/admin-documents.ts";
import { count, millis, percent, plural } from "../parts/format.ts";
import { addressOf } from "../parts/hooks.ts";
import { Section } from "../parts/small.tsx";

type Answer = AdminDocument<"Explanation">;
type ExplainedPool = Answer["pools"][number];

const endpointsMax = 50;

export function Explanation({ answer }: { readonly answer: Answer }) {
  const { request, route, gates, pools } = answer;
  return (
    <div class="explanation" aria-live="polite">
      <p class="outcome">{answer.outcome}</p>
      <p class="example">
        {request.method} <code>{`${request.host}${request.path}${request.query}`}</code> from{" "}
        {request.clientAddress} on listener {request.listener}
      </p>
      <div class="columns">
        <Section title="Route">
          <ul class="lines">
            {route.route === null ? (
              <li>No route takes it.</li>
            ) : (
              <li>
                <span class="tag">takes it</span> {route.route}
              </li>
            )}
            {route.alsoMatching.map((each) => (
              <li key={each.route}>
                <span class="tag">also fits</span>
                <span>
                  {each.route}, but comes later: {each.because}
                </span>
              </li>
            ))}
            {route.nearMisses.map((each) => (
              <li key={each.route}>
                <span class="tag">near miss</span>
                <span>
                  {each.route}: {each.reason}
                </span>
              </li>
            ))}
          </ul>
        </Section>
        <Section title="On the way">
          {gates.length === 0 ? <p class="note">Nothing stands in its way.</p> : null}
          <ul class="lines">
            {gates.map((gate) => (
              <li key={gate.gate + gate.says}>
                <span class={gate.refuses === null ? "tag" : "tag tag-bad"}>{gate.gate}</span>
                <span>{gate.says}</span>
              </li>
            ))}
          </ul>
        </Section>
      </div>
      {pools.map((pool) => (
        <PoolChoice key={pool.pool} pool={pool} />
      ))}
    </div>
  );
}

function PoolChoice({ pool }: { readonly pool: ExplainedPool }) {
  const { sticky, retries, capacity } = pool;
  const facts = [
    `${percent(pool.share)} of such requests`,
    pool.policy,
    pool.key === null ? null : `key ${pool.key}`,
    sticky === null ? null : sticky.says,
    `${plural(retries.attemptsMax, "attempt")} at most`,
    capacity.queue === null ? null : `queue of ${count(capacity.queue.size)}`,
    pool.isPanicking ? "too few are eligible: all are used" : null,
  ];
  return (
    <Section
      title={`Pool ${pool.pool}`}
      aside={facts
        .filter((fact) => fact !== null)
        .map((fact) => (
          <span key={fact}>{fact}</span>
        ))}
    >
      <table class="table">
        <thead>
          <tr>
            <th>Endpoint</th>
            <th>Eligible</th>
            <th class="number">score</th>
            <th class="number wide">active</th>
            <th class="number wide">mean latency</th>
            <th class="number wide">weight</th>
          </tr>
        </thead>
        <tbody>
          {pool.endpoints.slice(0, endpointsMax).map((endpoint) => (
            <tr key={endpoint.name} class={endpoint.name === pool.choice ? "chosen" : ""}>
              <td class="name">
                <a href={addressOf("pools", pool.pool, endpoint.name)}>{endpoint.name}</a>
                {endpoint.name === pool.choice ? <span class="tag">would be chosen</span> : null}
              </td>
              <td>
                {endpoint.isEligible ? "yes" : <span class="bad">no: {endpoint.reasons.join("; ")}</span>}
              </td>
              <td class="number">{endpoint.score === null ? "–" : endpoint.score.toPrecision(3)}</td>
              <td class="number wide">{count(endpoint.activeRequests)}</td>
              <td class="number wide">{millis(endpoint.meanLatencyMs)}</td>
              <td class="number wide">{endpoint.weight}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {pool.endpoints.length > endpointsMax ? <p class="note">The first {endpointsMax} are shown.</p> : null}
    </Section>
  );
}
