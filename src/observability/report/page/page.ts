/** The report as one HTML page that needs nothing else: no script, no font, no picture from anywhere. */
import type { CauseFigures, EndpointFigures, GroupFigures, ReportFigures } from "../figures.ts";
import type { Finding } from "../imbalance.ts";
import { bytesText, countText, escaped, msText, percentText, tableHtml, timeText } from "./html.ts";
import { plot, type Series } from "./plot.ts";
import { style } from "./style.ts";

/** Endpoints with a colour of their own; the rest share one. */
const colouredMax = 7;
const statusColours = ["c8", "c8", "c2", "c1", "c3", "c4"] as const;
const statusNames = ["none", "1xx", "2xx", "3xx", "4xx", "5xx"] as const;

/** `sources`: what was read, as it was named. */
export function reportPage(figures: ReportFigures, sources: readonly string[]): string {
  const period =
    figures.from === null || figures.until === null
      ? "no exchange"
      : `${timeText(Date.parse(figures.from))} to ${timeText(Date.parse(figures.until))} UTC`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Traffic report</title><style>${style}</style></head><body><main>
<h1>Traffic report</h1><p class="soft">${escaped(period)}</p><p class="soft">${escaped(sources.join(", "))}</p>
${tiles(figures)}
${overTime(figures)}
${distribution(figures)}
<h2>Statuses</h2>${statusTable(figures)}
${causes(figures.causes)}
<h2>Slowest routes</h2>${routeTable(figures.routes)}
<h2>Slowest exchanges</h2>${slowestTable(figures)}
<h2>Busiest clients</h2>${clientTable(figures)}
${footer(figures)}
</main></body></html>
`;
}

function tiles({
  requests,
  requestsPerSecond,
  errorShare,
  latency,
  bytesOut,
  phases,
}: ReportFigures): string {
  const all: (readonly [string, string, string?])[] = [
    ["requests", countText(requests)],
    ["a second", requestsPerSecond >= 10 ? countText(requestsPerSecond) : requestsPerSecond.toPrecision(2)],
    ["answered 5xx", percentText(errorShare), errorShare > 0.01 ? "bad" : "good"],
    ["median time", msText(latency.p50Ms)],
    ["99th percentile", msText(latency.p99Ms)],
    ["99.9th percentile", msText(latency.p999Ms)],
    ["sent to clients", bytesText(bytesOut)],
  ];
  if (phases.queue.count > 0) all.push(["waited for an endpoint", countText(phases.queue.count)]);
  if (phases.connect.count > 0) all.push(["new connections, median", msText(phases.connect.p50Ms)]);
  const tile = ([label, value, kind = ""]: readonly [string, string, string?]): string =>
    `<div class="tile"><b class="${kind}">${escaped(value)}</b><span>${escaped(label)}</span></div>`;
  return `<div class="tiles">${all.map(tile).join("")}</div>`;
}

function overTime({ overTime: { widthMs, moments }, latency }: ReportFigures): string {
  if (moments.length === 0) return "";
  const times = moments.map(({ wallMs }) => wallMs);
  const shared = { times, widthMs };
  const seconds = widthMs / 1000;
  const statuses = statusNames
    .map((name, index) => ({
      name,
      colour: statusColours[index] ?? "c8",
      values: moments.map(({ classes }) => (classes[index] ?? 0) / seconds),
    }))
    .filter(({ values }) => values.some((value) => value > 0));
  const rate = plot({
    ...shared,
    title: "Requests a second",
    series: statuses,
    isStacked: true,
    valueText: rateText,
  });
  if (latency.count === 0)
    return `<h2>Over time</h2>${rate}<p class="soft">The lines tell no durations, so that nothing can be said about latency.</p>`;
  const percentiles = plot({
    ...shared,
    title: "Time per exchange, logarithmic",
    isStacked: false,
    isLogarithmic: true,
    valueText: msText,
    series: [
      { name: "99th percentile", colour: "c4", values: moments.map(({ p99Ms }) => p99Ms) },
      { name: "90th", colour: "c3", values: moments.map(({ p90Ms }) => p90Ms) },
      { name: "median", colour: "c1", values: moments.map(({ p50Ms }) => p50Ms) },
    ],
  });
  return `<h2>Over time</h2>${rate}${percentiles}`;
}

function rateText(value: number): string {
  return value >= 10 || value === 0 ? countText(value) : value.toPrecision(2);
}

function distribution(figures: ReportFigures): string {
  const { endpoints, imbalances } = figures;
  if (endpoints.length === 0)
    return `<h2>Endpoints</h2><p class="soft">The lines name no endpoints. Headgate's own formats do; in nginx, add <code>$upstream_addr</code> to the format.</p>`;
  const pools = [...Map.groupBy(endpoints, ({ pool }) => pool).keys()];
  const plots = pools.map((pool) => poolPlot(figures, pool)).join("");
  return `<h2>Endpoints</h2>${imbalances.map(findingHtml).join("")}${endpointTable(endpoints)}${plots}`;
}

function findingHtml({ pool, isUneven, evenness, summary, explanations }: Finding): string {
  const title = pool === "" ? "All endpoints" : `Pool ${pool}`;
  const verdict = isUneven ? `uneven, the busiest at ${evenness.toFixed(2)} times an even share` : "even";
  const list = explanations.map((each) => `<li>${escaped(each)}</li>`).join("");
  const why = list === "" ? "" : `<p>What likely caused it:</p><ul>${list}</ul>`;
  return `<div class="finding${isUneven ? " uneven" : ""}"><b>${escaped(title)}: ${escaped(verdict)}</b><p>${escaped(summary)}</p>${why}</div>`;
}

function endpointTable(endpoints: readonly EndpointFigures[]): string {
  const columns = [
    { title: "Pool" },
    { title: "Endpoint" },
    { title: "Requests", isNumber: true },
    { title: "Share", isNumber: true },
    { title: "5xx", isNumber: true },
    { title: "Median", isNumber: true },
    { title: "99th", isNumber: true },
    { title: "Failed attempts" },
  ];
  const rows = endpoints
    .toSorted((a, b) => a.pool.localeCompare(b.pool) || b.requests - a.requests)
    .map(({ pool, name, requests, share, errors5xx, latency, failedAttempts }) => [
      escaped(pool),
      `<code>${escaped(name)}</code><span class="bar" style="width:${(share * 100).toFixed(1)}%"></span>`,
      countText(requests),
      percentText(share),
      countText(errors5xx),
      msText(latency.p50Ms),
      msText(latency.p99Ms),
      escaped(
        Object.entries(failedAttempts)
          .map(([cause, count]) => `${cause} ${countText(count)}`)
          .join(", "),
      ),
    ]);
  return tableHtml(columns, rows);
}

function poolPlot({ endpoints, overTime: { widthMs, moments } }: ReportFigures, pool: string): string {
  const members = endpoints
    .map((endpoint, index) => ({ ...endpoint, index }))
    .filter((endpoint) => endpoint.pool === pool)
    .toSorted((a, b) => b.requests - a.requests);
  const seconds = widthMs / 1000;
  const series: Series[] = members.slice(0, colouredMax).map(({ name, index }, place) => ({
    name,
    colour: `c${place + 1}`,
    values: moments.map((moment) => (moment.endpoints[index] ?? 0) / seconds),
  }));
  const rest = members.slice(colouredMax);
  if (rest.length > 0) {
    const values = moments.map(
      (moment) => rest.reduce((sum, { index }) => sum + (moment.endpoints[index] ?? 0), 0) / seconds,
    );
    series.push({ name: `${rest.length} others`, colour: "c8", values });
  }
  const title = `Requests a second by endpoint${pool === "" ? "" : `, pool ${pool}`}`;
  const times = moments.map(({ wallMs }) => wallMs);
  return plot({ title, times, widthMs, series, isStacked: true, valueText: rateText });
}

function statusTable({ statuses, requests }: ReportFigures): string {
  const columns = [
    { title: "Status" },
    { title: "Requests", isNumber: true },
    { title: "Share", isNumber: true },
  ];
  const rows = statuses.map(({ status, count }) => [
    status === 0 ? "none" : String(status),
    countText(count),
    percentText(count / Math.max(1, requests)),
  ]);
  return tableHtml(columns, rows);
}

function causes(rows: readonly CauseFigures[]): string {
  if (rows.length === 0) return "";
  const columns = [
    { title: "Cause" },
    { title: "Exchanges", isNumber: true },
    { title: "Attempts made good", isNumber: true },
    { title: "Endpoints" },
    { title: "Seen" },
    { title: "What to do" },
  ];
  const cells = rows.map(
    ({ cause, exchanges, attempts, endpoints, firstSeen, lastSeen, sentence, fix, example }) => [
      `<code class="name">${escaped(cause)}</code>`,
      countText(exchanges),
      countText(attempts),
      escaped(endpoints.map(({ name, count }) => `${name} ${countText(count)}`).join(", ")),
      `${timeText(Date.parse(firstSeen))}<br>${timeText(Date.parse(lastSeen))}`,
      `${escaped(sentence)} ${escaped(fix)}<br><code class="soft">${escaped(example)}</code>`,
    ],
  );
  return `<h2>Causes of failures</h2>${tableHtml(columns, cells)}`;
}

function routeTable(routes: readonly GroupFigures[]): string {
  const columns = [
    { title: "Route" },
    { title: "Requests", isNumber: true },
    { title: "4xx", isNumber: true },
    { title: "5xx", isNumber: true },
    { title: "Median", isNumber: true },
    { title: "90th", isNumber: true },
    { title: "99th", isNumber: true },
    { title: "Longest", isNumber: true },
  ];
  const rows = routes.map(({ name, requests, errors4xx, errors5xx, latency }) => [
    `<code>${escaped(name)}</code>`,
    countText(requests),
    countText(errors4xx),
    countText(errors5xx),
    msText(latency.p50Ms),
    msText(latency.p90Ms),
    msText(latency.p99Ms),
    msText(latency.maxMs),
  ]);
  return tableHtml(columns, rows);
}

function slowestTable({ slowest }: ReportFigures): string {
  const columns = [
    { title: "Time (UTC)" },
    { title: "Took", isNumber: true },
    { title: "Status", isNumber: true },
    { title: "Request" },
    { title: "Endpoint" },
  ];
  const rows = slowest.map(({ time, durationMs, status, request, endpoint }) => [
    timeText(Date.parse(time)),
    msText(durationMs),
    String(status),
    `<code>${escaped(request)}</code>`,
    escaped(endpoint),
  ]);
  return tableHtml(columns, rows);
}

function clientTable({ clients, requests }: ReportFigures): string {
  const columns = [
    { title: "Client" },
    { title: "Requests", isNumber: true },
    { title: "Share", isNumber: true },
  ];
  const rows = clients.map(({ client, requests: count }) => [
    `<code>${escaped(client)}</code>`,
    countText(count),
    percentText(count / Math.max(1, requests)),
  ]);
  return tableHtml(columns, rows);
}

function footer({ lines, unreadLines, formats, overTime: { widthMs } }: ReportFigures): string {
  const kinds = Object.entries(formats).map(([format, count]) => `${countText(count)} ${format}`);
  return `<footer>${countText(lines)} lines: ${escaped(kinds.join(", ") || "none read")}; ${countText(unreadLines)} in no known format or about something else.
Percentiles are within 1.6 %. A step of the plots is ${countText(widthMs / 1000)} s. Routes without a name are methods and paths with their variable parts as *.
Made by headgate report.</footer>`;
}
