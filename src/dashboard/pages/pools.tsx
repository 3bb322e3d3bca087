/** Every endpoint of every pool: state with its reason, share, load, latency. Sorted, filtered, in pages. */
import { useState } from "preact/hooks";
import { ask } from "../api/client.ts";
import type { Feed } from "../live/feed.ts";
import type { EndpointNow, PoolNow } from "../live/live-model.ts";
import { reasonOf } from "../live/reasons.ts";
import { count, millis, percent, plural, rate } from "../parts/format.ts";
import { addressOf, useAnswer, useFeed } from "../parts/hooks.ts";
import { Boards, Choice, Level, Note, Section, Sparkline, State } from "../parts/small.tsx";

const pageSize = 50;
/** Ten minutes. */
const sparkSteps = 60;

type Order = "configured" | "requests" | "latency" | "trouble";
type Shown = "all" | "ready" | "out";

export function PoolsPage({ only }: { readonly only: string | null }) {
  const { model, events } = useFeed();
  const [filter, setFilter] = useState("");
  const [shown, setShown] = useState<Shown>("all");
  const [order, setOrder] = useState<Order>("configured");
  const pools = only === null ? model.pools : model.pools.filter(({ name }) => name === only);
  if (only !== null && pools.length === 0) return <Note>There is no pool called {only}.</Note>;
  return (
    <>
      <div class="toolbar">
        <input
          type="search"
          placeholder="Filter by name or address"
          aria-label="Filter endpoints by name or address"
          value={filter}
          onInput={(event) => setFilter(event.currentTarget.value)}
        />
        <Choice
          label="Endpoints shown"
          options={[
            ["all", "All"],
            ["ready", "Taking traffic"],
            ["out", "Not taking"],
          ]}
          value={shown}
          onChange={setShown}
        />
        <label class="select">
          Order
          <select value={order} onChange={(event) => setOrder(event.currentTarget.value as Order)}>
            <option value="configured">as configured</option>
            <option value="requests">busiest first</option>
            <option value="latency">slowest first</option>
            <option value="trouble">troubles first</option>
          </select>
        </label>
        {only === null ? null : <a href="#/pools">all pools</a>}
      </div>
      {pools.map((pool) => (
        <Pool key={pool.name} pool={pool} endpoints={chosen(pool, filter, shown, order)} events={events} />
      ))}
    </>
  );
}

function chosen(pool: PoolNow, filter: string, shown: Shown, order: Order): readonly EndpointNow[] {
  const word = filter.trim().toLowerCase();
  const found = pool.endpoints.filter(
    ({ name, url, isEligible }) =>
      (word === "" || name.toLowerCase().includes(word) || url.toLowerCase().includes(word)) &&
      (shown === "all" || isEligible === (shown === "ready")),
  );
  if (order === "configured") return found;
  return found.toSorted((a, b) => weightOf(b, order) - weightOf(a, order));
}

function weightOf(endpoint: EndpointNow, order: Order): number {
  if (order === "requests") return endpoint.requests.rate;
  if (order === "latency") return endpoint.latency.p99 ?? -1;
  const states = { up: 0, draining: 1, maintenance: 2, ejected: 3, down: 4 };
  return states[endpoint.state] * 1e6 + endpoint.failures.rate;
}

function Pool(props: {
  readonly pool: PoolNow;
  readonly endpoints: readonly EndpointNow[];
  readonly events: Feed["events"];
}) {
  const { pool, endpoints, events } = props;
  const [page, setPage] = useState(0);
  const pages = Math.max(1, Math.ceil(endpoints.length / pageSize));
  const at = Math.min(page, pages - 1);
  const rows = endpoints.slice(at * pageSize, (at + 1) * pageSize);
  const names = rows.map(({ name }) => name);
  const histories = useAnswer(
    JSON.stringify([pool.name, names]),
    (signal) =>
      ask("EndpointHistories", "v1/history/endpoints", {
        ...{ method: "POST", json: { pool: pool.name, endpoints: names, steps: sparkSteps }, signal },
      }),
    10_000,
  );
  const sparks = new Map((histories.value?.endpoints ?? []).map((each) => [each.name, each.p99Ms]));
  const flow = pool.endpoints.reduce((sum, each) => sum + each.requests.rate, 0);
  const eligible = pool.endpoints.filter(({ isEligible }) => isEligible).length;
  const aside = (
    <>
      <span>{pool.policy}</span>
      <span>{rate(pool.requests.rate)} req/s</span>
      <span>p99 {millis(pool.latency.p99)}</span>
      <Boards endpoints={pool.endpoints} />
      <span class={eligible < pool.endpoints.length ? "bad" : ""}>
        {count(eligible)} of {plural(pool.endpoints.length, "endpoint")} eligible
      </span>
    </>
  );
  return (
    <Section title={pool.name} aside={aside}>
      <table class="table endpoints">
        <thead>
          <tr>
            <th>Endpoint</th>
            <th>State</th>
            <th class="wide">Share of traffic</th>
            <th class="number">req/s</th>
            <th class="number wide">active</th>
            <th class="number wide">median</th>
            <th class="number">p99</th>
            <th class="wide apart">p99, 10 minutes</th>
            <th class="number wide">requests</th>
            <th class="number wide">failures</th>
            <th class="number wide">weight</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((endpoint) => (
            <Row
              key={endpoint.name}
              endpoint={endpoint}
              pool={pool}
              flow={flow}
              reason={endpoint.state === "up" ? "" : reasonOf(endpoint, events)}
              spark={sparks.get(endpoint.name) ?? []}
            />
          ))}
        </tbody>
      </table>
      {endpoints.length === 0 ? <Note>No endpoint fits.</Note> : null}
      {pages > 1 ? <Pager page={at} pages={pages} total={endpoints.length} onPage={setPage} /> : null}
    </Section>
  );
}

function Row(props: {
  readonly endpoint: EndpointNow;
  readonly pool: PoolNow;
  /** Of all of the pool's endpoints, per second. */
  readonly flow: number;
  readonly reason: string;
  readonly spark: readonly (number | null)[];
}) {
  const { endpoint, pool, flow, reason, spark } = props;
  const { name, url, state, latency } = endpoint;
  const share = flow === 0 ? 0 : endpoint.requests.rate / flow;
  return (
    <tr data-endpoint={name} data-state={state}>
      <td class="name">
        <a href={addressOf("pools", pool.name, name)}>{name}</a>
        {endpoint.isBackup ? <span class="tag">backup</span> : null}
        <Address url={url} />
      </td>
      <td class="state-cell">
        <State state={state} />
        {reason === "" ? null : <span class="reason">{reason}</span>}
      </td>
      <td class="wide share">
        <Level share={share} /> {percent(share)}
      </td>
      <td class="number">{endpoint.requests.hasRate ? rate(endpoint.requests.rate) : "–"}</td>
      <td class="number wide">{count(endpoint.active)}</td>
      <td class="number wide">{millis(latency.p50)}</td>
      <td class="number">{millis(latency.p99)}</td>
      <td class="wide apart">
        <Sparkline values={spark} label={`p99 of ${name} over ten minutes`} />
      </td>
      <td class="number wide" data-number="requests">
        {count(endpoint.requests.value)}
      </td>
      <td class={endpoint.failures.rate > 0 ? "number wide bad" : "number wide"}>
        {count(endpoint.failures.value)}
      </td>
      <td class="number wide">{weightText(endpoint)}</td>
    </tr>
  );
}

/** The scheme goes first where there is little room. */
function Address({ url }: { readonly url: string }) {
  const [, scheme = "", rest = url] = /^(\w+:\/\/)(.*)$/.exec(url) ?? [];
  return (
    <span class="address">
      <span class="wide">{scheme}</span>
      {rest}
    </span>
  );
}

/** While it starts slowly both are of interest. */
export function weightText({ weight, configuredWeight }: EndpointNow): string {
  const now = String(Math.round(weight * 100) / 100);
  return weight === configuredWeight ? now : `${now} of ${configuredWeight}`;
}

function Pager(props: {
  readonly page: number;
  readonly pages: number;
  readonly total: number;
  readonly onPage: (page: number) => void;
}) {
  const { page, pages, total, onPage } = props;
  const last = Math.min(total, (page + 1) * pageSize);
  return (
    <nav class="pager" aria-label="Pages of endpoints">
      <button type="button" class="button" disabled={page === 0} onClick={() => onPage(page - 1)}>
        Back
      </button>
      <span>
        {count(page * pageSize + 1)} to {count(last)} of {count(total)}
      </span>
      <button type="button" class="button" disabled={page >= pages - 1} onClick={() => onPage(page + 1)}>
        Next
      </button>
    </nav>
  );
}
