/** The whole at a glance: what flows now, how the last minutes were, which pools and which troubles. */
import { useMemo, useState } from "preact/hooks";
import type { AdminDocument } from "../../config/admin-documents.ts";
import { ask } from "../api/client.ts";
import type { Feed } from "../live/feed.ts";
import { type ChartColumns, columnsOf } from "../live/recent-past.ts";
import { Chart } from "../parts/chart.tsx";
import { bytes, clockTime, count, millis, percent, plural, rate } from "../parts/format.ts";
import { addressOf, useAnswer, useFeed } from "../parts/hooks.ts";
import { Boards, Choice, Section } from "../parts/small.tsx";

type Span = "minutes" | "hour";

export function OverviewPage() {
  const feed = useFeed();
  return (
    <>
      <Gauges feed={feed} />
      <Charts feed={feed} />
      <div class="columns">
        <PoolLines feed={feed} />
        <div>
          <Troubles />
          <Lately feed={feed} />
        </div>
      </div>
    </>
  );
}

function Gauges({ feed }: { readonly feed: Feed }) {
  const { total, listeners, endpoints, hasRates } = feed.model;
  const connections = listeners.reduce((sum, listener) => sum + listener.connections, 0);
  const eligible = endpoints.filter(({ isEligible }) => isEligible).length;
  const errorShare = total.requests.rate === 0 ? 0 : total.errors.rate / total.requests.rate;
  return (
    <dl class="gauges">
      <Gauge
        name="Requests"
        value={hasRates ? rate(total.requests.rate) : "–"}
        unit="/s"
        below={`${count(total.requests.value)} in all`}
        id="requests"
      />
      <Gauge
        name="Errors"
        value={hasRates ? percent(errorShare) : "–"}
        unit=""
        below={`${count(total.errors.value)} answers with 5xx`}
        isBad={errorShare >= 0.01}
        id="errors"
      />
      <Gauge
        name="Latency, median"
        value={millis(total.latency.p50)}
        unit=""
        below={`p90 ${millis(total.latency.p90)}`}
      />
      <Gauge
        name="Latency, p99"
        value={millis(total.latency.p99)}
        unit=""
        below={`${count(total.retries.value)} retries`}
      />
      <Gauge name="In flight" value={count(total.active)} unit="" below={plural(connections, "connection")} />
      <Gauge
        name="To clients"
        value={hasRates ? bytes(total.bytesOut.rate) : "–"}
        unit="/s"
        below={`from them ${bytes(total.bytesIn.rate)}/s`}
      />
      <Gauge
        name="Endpoints"
        value={`${count(eligible)} of ${count(endpoints.length)}`}
        unit=""
        below="take traffic"
        isBad={eligible < endpoints.length}
        id="eligible"
      />
    </dl>
  );
}

function Gauge(props: {
  readonly name: string;
  readonly value: string;
  readonly unit: string;
  readonly below: string;
  readonly isBad?: boolean;
  readonly id?: string;
}) {
  return (
    <div class={props.isBad === true ? "gauge gauge-bad" : "gauge"} data-gauge={props.id}>
      <dt>{props.name}</dt>
      <dd>
        <span class="figure">
          {props.value}
          {props.unit === "" ? null : <small>{props.unit}</small>}
        </span>
        <span class="below">{props.below}</span>
      </dd>
    </div>
  );
}

function Charts({ feed }: { readonly feed: Feed }) {
  const [span, setSpan] = useState<Span>("minutes");
  const hour = useAnswer(
    "hour",
    (signal) => ask("History", "v1/history?resolution=hour", { signal }),
    10_000,
  );
  const hourColumns = useMemo(() => (hour.value === null ? null : columnsOf(hour.value)), [hour.value]);
  const columns = span === "minutes" || hourColumns === null ? feed.past.columns : hourColumns;
  const aside = (
    <Choice
      label="Time shown"
      options={[
        ["minutes", "5 minutes"],
        ["hour", "1 hour"],
      ]}
      value={span}
      onChange={setSpan}
    />
  );
  return (
    <Section title={span === "minutes" ? "The last five minutes" : "The last hour"} aside={aside}>
      <TrafficCharts columns={columns} stamp={feed.model.atMs} />
    </Section>
  );
}

/** Also for one pool or endpoint. `stamp` changes when the columns may have. */
export function TrafficCharts({
  columns,
  stamp,
}: {
  readonly columns: ChartColumns;
  readonly stamp: number;
}) {
  const traffic = useMemo(
    () => [
      { label: "requests/s", values: columns.requests, colour: "--water", isFilled: true },
      { label: "5xx/s", values: columns.errors, colour: "--bad", isFilled: true },
    ],
    [columns, stamp],
  );
  const latency = useMemo(
    () => [
      { label: "p99", values: columns.p99, colour: "--water" },
      { label: "p90", values: columns.p90, colour: "--water-2", isThin: true },
      { label: "median", values: columns.p50, colour: "--ink-3", isFilled: true },
    ],
    [columns, stamp],
  );
  return (
    <div class="charts">
      <Chart
        title="Traffic"
        times={columns.times}
        lines={traffic}
        height={190}
        format={rateOrNone}
        syncKey="traffic"
      />
      <Chart
        title="Latency"
        times={columns.times}
        lines={latency}
        height={190}
        format={millis}
        syncKey="traffic"
      />
    </div>
  );
}

function rateOrNone(value: number | null): string {
  return value === null ? "–" : rate(value);
}

function PoolLines({ feed }: { readonly feed: Feed }) {
  const { pools, total } = feed.model;
  return (
    <Section title="Pools" aside={<a href="#/pools">all endpoints</a>}>
      <table class="table">
        <thead>
          <tr>
            <th>Pool</th>
            <th>Endpoints</th>
            <th class="number">req/s</th>
            <th class="number wide">of all</th>
            <th class="number">5xx/s</th>
            <th class="number">p99</th>
          </tr>
        </thead>
        <tbody>
          {pools.slice(0, 40).map((pool) => (
            <tr key={pool.name}>
              <td>
                <a href={addressOf("pools", pool.name)}>{pool.name}</a>
              </td>
              <td>
                <Boards endpoints={pool.endpoints} />
              </td>
              <td class="number">{rate(pool.requests.rate)}</td>
              <td class="number wide">
                {percent(total.requests.rate === 0 ? 0 : pool.requests.rate / total.requests.rate)}
              </td>
              <td class={pool.errors.rate > 0 ? "number bad" : "number"}>{rate(pool.errors.rate)}</td>
              <td class="number">{millis(pool.latency.p99)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {pools.length > 40 ? (
        <p class="note">
          and <a href="#/pools">{plural(pools.length - 40, "more pool")}</a>
        </p>
      ) : null}
    </Section>
  );
}

/** What stands: alerts, then the commonest causes of the hour. */
function Troubles() {
  const alerts = useAnswer("alerts", (signal) => ask("AlertList", "v1/alerts", { signal }), 5000);
  const diagnosis = useAnswer("diagnosis", (signal) => ask("Diagnosis", "v1/diagnosis", { signal }), 5000);
  const firing = alerts.value?.alerts ?? [];
  const rows = diagnosis.value?.rows ?? [];
  return (
    <Section title="Troubles of the last hour" aside={<a href="#/diagnosis">diagnosis</a>}>
      {firing.length + rows.length === 0 ? <p class="note">None.</p> : null}
      <ul class="lines">
        {firing.map((alert) => (
          <li key={`${alert.rule} ${alert.subject}`}>
            <span class="tag tag-bad">alert</span> {alert.summary}
          </li>
        ))}
        {worstOf(rows).map((trouble) => (
          <li key={trouble.key}>
            <span class="line-figure">{count(trouble.times)}×</span>
            <span>
              {trouble.sentence} <small>{trouble.where}</small>
            </span>
          </li>
        ))}
      </ul>
    </Section>
  );
}

interface Trouble {
  readonly key: string;
  readonly sentence: string;
  readonly where: string;
  times: number;
}

/** Over all routes, the most frequent first. */
function worstOf(rows: AdminDocument<"Diagnosis">["rows"]): readonly Trouble[] {
  const found = new Map<string, Trouble>();
  for (const { cause, pool, endpoint, sentence, failed, recovered } of rows) {
    const key = [cause, pool, endpoint].join("\n");
    const where = endpoint === "" ? pool : endpoint;
    const trouble = found.get(key) ?? { key, sentence, where, times: 0 };
    trouble.times += failed + recovered;
    found.set(key, trouble);
  }
  return [...found.values()].toSorted((a, b) => b.times - a.times).slice(0, 5);
}

function Lately({ feed }: { readonly feed: Feed }) {
  return (
    <Section title="Lately" aside={<a href="#/events">all events</a>}>
      <ol class="lines">
        {feed.events
          .slice(-6)
          .toReversed()
          .map((event) => (
            <li key={event.id} class={`event-${event.level}`}>
              <time dateTime={event.time}>{clockTime(event.time)}</time>
              <span>{event.message}</span>
            </li>
          ))}
      </ol>
    </Section>
  );
}
