/** An explanation as text for a person. */
import type { AdminDocument } from "../config/admin-documents.ts";
import { milliseconds, table } from "./table.ts";

type Explanation = AdminDocument<"Explanation">;
type PoolExplanation = Explanation["pools"][number];

export function explanationText(explanation: Explanation): string {
  const { request, outcome, gates, limits, isLive } = explanation;
  const query = request.query === "" ? "" : `?${request.query}`;
  const lines = [
    `${request.method} ${request.isSecure ? "https" : "http"}://${request.host}${request.path}${query} from ${request.clientAddress} at ${request.listener}`,
    `→ ${outcome}`,
    ...routeLines(explanation),
    ...gates.map(({ gate, says, refuses }) => `${gate}: ${says}${refuses === null ? "" : ` → ${refuses}`}`),
  ];
  if (limits !== null) lines.push(limitText(limits));
  for (const pool of explanation.pools) lines.push("", ...poolLines(pool, isLive));
  return lines.join("\n");
}

function routeLines({ route }: Explanation): string[] {
  const lines: string[] = [];
  if (route.readings.length > 1) {
    lines.push(
      "the path can be read in several ways:",
      ...route.readings.map((reading) => `  ${reading.path} → ${reading.route ?? "no route"}`),
    );
  }
  const captures = Object.entries(route.captures);
  if (captures.length > 0)
    lines.push(`captures: ${captures.map(([name, value]) => `${name}=${value}`).join(", ")}`);
  lines.push(
    ...route.alsoMatching.map((other) => `also matches, but ${other.because} decided: ${other.route}`),
  );
  lines.push(...route.nearMisses.map((miss) => `no match: ${miss.route}: ${miss.reason}`));
  return lines;
}

function limitText(limits: NonNullable<Explanation["limits"]>): string {
  const { exchangeMs, requestBodyBytes, requestBytesPerSecond, responseBytesPerSecond } = limits;
  const paces = [
    ["request", requestBytesPerSecond],
    ["response", responseBytesPerSecond],
  ] as const;
  return [
    `limits: ${exchangeMs === null ? "no deadline" : `deadline ${span(exchangeMs)}`}`,
    `request body ${requestBodyBytes === null ? "unlimited" : `up to ${bytes(requestBodyBytes)}`}`,
    ...paces.flatMap(([which, pace]) =>
      pace === null ? [] : [`${which} at most ${bytes(pace)} a second${observed(limits.bandwidthMode)}`],
    ),
  ].join(", ");
}

/** As a configuration would write it: `250 ms`, `10 s`, `5 min`. */
function span(ms: number): string {
  if (ms % 1000 !== 0) return milliseconds(ms);
  const seconds = ms / 1000;
  return seconds < 120 || seconds % 60 !== 0 ? `${seconds} s` : `${seconds / 60} min`;
}

/** `1 MiB`, or the number itself where no unit fits. */
function bytes(count: number): string {
  for (const [unit, size] of [
    ["GiB", 1024 ** 3],
    ["MiB", 1024 ** 2],
    ["KiB", 1024],
  ] as const)
    if (count >= size && count % size === 0) return `${count / size} ${unit}`;
  return `${count} bytes`;
}

function poolLines(pool: PoolExplanation, isLive: boolean): string[] {
  const { timeouts, key, choice, sticky } = pool;
  const share = pool.share === 1 ? "" : ` (${Math.round(pool.share * 1000) / 10} % of the route's requests)`;
  const labels = Object.entries(pool.labels).map(([label, value]) => `${label}=${value}`);
  const times = `connect ${span(timeouts.connect)}, response head ${span(timeouts.responseHead)}, silence ${span(timeouts.upstreamIdle)}`;
  return [
    `pool ${pool.pool}${share}, policy ${pool.policy}${pool.isPanicking ? ", IN PANIC" : ""}`,
    ...(labels.length === 0 ? [] : [`  only endpoints with ${labels.join(", ")}`]),
    ...(key === null ? [] : [`  key '${key}'`]),
    ...(sticky === null ? [] : [`  sticky by ${sticky.kind}: ${sticky.says}`]),
    ...(choice === null ? [] : [`  goes to ${choice}`]),
    endpointTable(pool, isLive),
    ...(pool.endpoints.some(({ score }) => score !== null) ? ["  the lowest score is served first"] : []),
    `  timeouts: ${times}`,
    ...retryLines(pool, isLive),
    ...capacityLines(pool, isLive),
  ];
}

function endpointTable({ endpoints }: PoolExplanation, isLive: boolean): string {
  return table(
    [
      ["  ENDPOINT", "ELIGIBLE", "WEIGHT", "TIER", "ACTIVE", "LATENCY", "SCORE", "REMARKS"],
      ...endpoints.map((endpoint) => [
        `  ${endpoint.name}`,
        endpoint.isEligible ? "yes" : "no",
        String(endpoint.weight),
        String(endpoint.tier),
        isLive ? String(endpoint.activeRequests) : "-",
        milliseconds(endpoint.meanLatencyMs),
        endpoint.score === null ? "-" : scoreText(endpoint.score),
        endpoint.reasons.join("; "),
      ]),
    ],
    [2, 3, 4, 5, 6],
  );
}

function scoreText(score: number): string {
  return Number.isInteger(score) ? String(score) : score.toFixed(score < 100 ? 2 : 0);
}

function retryLines({ retries }: PoolExplanation, isLive: boolean): string[] {
  const { attemptsMax, isRepeatable, conditions, attemptTimeoutMs, budget, hedge } = retries;
  const perAttempt = attemptTimeoutMs === null ? "" : `, each up to ${span(attemptTimeoutMs)}`;
  const repeat = isRepeatable ? "" : "; once it was sent, this method is not sent again";
  const now = isLive
    ? `; the share allows ${Math.max(0, budget.balance).toFixed(1)} now, ${budget.inFlight} in flight`
    : "";
  const lines = [
    `  retries: up to ${attemptsMax} attempts on ${conditions.join(", ") || "nothing"}${perAttempt}${repeat}`,
    `  retry budget: ${Math.round(budget.share * 1000) / 10} % of requests, at least ${budget.floor} a second${observed(budget.mode)}${now}`,
  ];
  if (hedge !== null)
    lines.push(
      `  hedging: a second attempt after the ${hedge.percentile}th percentile, at least ${span(hedge.delayMinMs)}${observed(hedge.mode)}`,
    );
  return lines;
}

function capacityLines({ capacity }: PoolExplanation, isLive: boolean): string[] {
  const { queue, concurrency, shed } = capacity;
  const lines: string[] = [];
  if (queue !== null) {
    const now = isLive ? `; ${queue.waiting} wait now` : "";
    lines.push(
      `  queue: up to ${queue.size} wait in each worker, ${span(queue.timeoutMs)} at most${now}${observed(queue.mode)}`,
    );
  }
  if (concurrency !== null) {
    const now = isLive
      ? `, ${concurrency.inFlight} in flight${concurrency.isMeasuring ? ", measuring" : ""}`
      : "";
    lines.push(`  adaptive limit: ${concurrency.limit}${now}${observed(concurrency.mode)}`);
  }
  if (shed !== null)
    lines.push(
      `  shedding: low importance from ${percent(shed.low)}, normal from ${percent(shed.normal)} of its limits${observed(shed.mode)}`,
    );
  return lines;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function observed(mode: "enforce" | "observe"): string {
  return mode === "observe" ? " (only observed)" : "";
}
