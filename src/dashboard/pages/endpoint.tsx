/** One endpoint: its numbers, its hour, why it was in which state, and what an operator can do about it. */
import { useMemo } from "preact/hooks";
import { ask } from "../api/client.ts";
import { healthTimeline, type TimelineSpan } from "../live/health-timeline.ts";
import type { EndpointNow, PoolNow } from "../live/live-model.ts";
import { reasonOf } from "../live/reasons.ts";
import { columnsOf } from "../live/recent-past.ts";
import { clockTime, count, duration, millis, percent, rate } from "../parts/format.ts";
import { addressOf, useAnswer, useFeed } from "../parts/hooks.ts";
import { Note, Section, State } from "../parts/small.tsx";
import { EndpointActions } from "./endpoint-actions.tsx";
import { TrafficCharts } from "./overview.tsx";
import { weightText } from "./pools.tsx";

const hourMs = 3_600_000;

export function EndpointPage({ pool: poolName, name }: { readonly pool: string; readonly name: string }) {
  const feed = useFeed();
  const { model, events } = feed;
  const query = new URLSearchParams({ resolution: "hour", pool: poolName, endpoint: name });
  const history = useAnswer(
    String(query),
    (signal) => ask("History", `v1/history?${query}`, { signal }),
    10_000,
  );
  const columns = useMemo(() => (history.value === null ? null : columnsOf(history.value)), [history.value]);
  const pool = model.pool(poolName);
  const endpoint = model.endpoint(poolName, name);
  if (pool === undefined || endpoint === undefined) {
    return (
      <Note>
        There is no endpoint {name} in pool {poolName} any more. <a href="#/pools">All pools</a>
      </Note>
    );
  }
  const own = events.filter((event) => event.pool === poolName && event.endpoint === name);
  const startedMs = model.hello?.startedMs ?? 0;
  const spans = healthTimeline(own, endpoint, Math.max(startedMs, model.atMs - hourMs), model.atMs);
  return (
    <>
      <header class="subject" data-state={endpoint.state}>
        <p class="path">
          <a href="#/pools">Pools</a> / <a href={addressOf("pools", poolName)}>{poolName}</a>
        </p>
        <h1>
          {name} <State state={endpoint.state} />
        </h1>
        <p class="address">{endpoint.url}</p>
        <p class="reason">{standing(endpoint, reasonOf(endpoint, events), model.atMs)}</p>
        <EndpointActions pool={pool} endpoint={endpoint} mayWrite={model.hello?.caller.mayWrite === true} />
      </header>
      <Facts endpoint={endpoint} pool={pool} />
      <Section title="Health of the last hour">
        <Timeline spans={spans} />
      </Section>
      <Section title="Traffic of the last hour">
        {columns === null ? (
          <Note>{history.error ?? "Asking …"}</Note>
        ) : (
          <TrafficCharts columns={columns} stamp={0} />
        )}
      </Section>
    </>
  );
}

function standing(endpoint: EndpointNow, reason: string, nowMs: number): string {
  const { sinceMs, state } = endpoint;
  const words = [reason === "" && state === "up" ? endpoint.reason : reason];
  if (sinceMs !== null && (state === "up" || state === "down"))
    words.push(`for ${duration(nowMs - sinceMs)}`);
  return words.filter((word) => word !== "").join(", ");
}

function Facts({ endpoint, pool }: { readonly endpoint: EndpointNow; readonly pool: PoolNow }) {
  const all = pool.endpoints.reduce((sum, each) => sum + each.requests.rate, 0);
  const facts: readonly (readonly [string, string, string])[] = [
    ["Requests", `${rate(endpoint.requests.rate)}/s`, `${count(endpoint.requests.value)} in all`],
    [
      "Share of pool",
      percent(all === 0 ? 0 : endpoint.requests.rate / all),
      `weight ${weightText(endpoint)}`,
    ],
    ["Active", count(endpoint.active), endpoint.isBackup ? "in flight; a backup" : "requests in flight"],
    ["Median", millis(endpoint.latency.p50), "last 10 s"],
    ["p99", millis(endpoint.latency.p99), "last 10 s"],
    ["Failures", count(endpoint.failures.value), `${count(endpoint.errors.value)} answers with 5xx`],
  ];
  return (
    <dl class="gauges gauges-small">
      {facts.map(([name, value, below]) => (
        <div key={name} class="gauge">
          <dt>{name}</dt>
          <dd>
            <span class="figure">{value}</span>
            <span class="below">{below}</span>
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Timeline({ spans }: { readonly spans: readonly TimelineSpan[] }) {
  const from = spans[0]?.fromMs ?? 0;
  const whole = Math.max(1, (spans.at(-1)?.toMs ?? 0) - from);
  return (
    <>
      <svg class="timeline" viewBox="0 0 1000 22" preserveAspectRatio="none" aria-hidden="true">
        {spans.map((span) => (
          <rect
            key={span.fromMs}
            class={`span-${span.state}`}
            x={((span.fromMs - from) / whole) * 1000}
            width={Math.max(2, ((span.toMs - span.fromMs) / whole) * 1000)}
            height="22"
          />
        ))}
      </svg>
      <p class="timeline-scale" aria-hidden="true">
        <span>{duration(whole)} ago</span>
        <span>now</span>
      </p>
      <ol class="lines">
        {spans.toReversed().map((span) => (
          <li key={span.fromMs}>
            <time>{clockTime(span.fromMs)}</time>
            <State state={span.state} />
            <span>
              {span.reason} <small>{duration(span.toMs - span.fromMs)}</small>
            </span>
          </li>
        ))}
      </ol>
    </>
  );
}
