/** `headgate status` and `headgate endpoints`: a running Headgate at a glance. */
import type { Command } from "commander";
import type { AdminDocument } from "../config/admin-documents.ts";
import { issueLines } from "./admin-client.ts";
import { addAdminOptions, type AdminOptions, clientFor, print } from "./admin-verb.ts";
import { certificatesText } from "./certificates.ts";
import { lasting, localTime, milliseconds, shortNumber, table } from "./table.ts";

export function addStatusVerbs(program: Command): void {
  addAdminOptions(program.command("status").description("show a running Headgate at a glance"))
    .addHelpText(
      "after",
      "\nThe exit status is 1 when the last reload was refused, a pool has nobody to serve or a worker does not serve.",
    )
    .action(async (options: AdminOptions) => {
      const status = await clientFor(options).get("Status", "/v1/status");
      print(status, options, statusText);
      const isWell =
        status.lastReload?.outcome !== "refused" &&
        status.workersServing === status.workers &&
        status.pools.every(({ eligibleCount }) => eligibleCount > 0);
      process.exitCode = isWell ? 0 : 1;
    });
  addAdminOptions(
    program.command("endpoints").argument("[pool]", "only this pool's").description("list endpoints"),
  ).action(async (pool: string | undefined, options: AdminOptions) => {
    const client = clientFor(options);
    const endpoints =
      pool === undefined
        ? (await client.get("PoolList", "/v1/pools")).pools.flatMap((each) => each.endpoints)
        : (await client.get("EndpointList", `/v1/pools/${encodeURIComponent(pool)}/endpoints`)).endpoints;
    print({ endpoints }, options, () => endpointTable(endpoints));
  });
}

function threadsText({ workers, workersServing }: AdminDocument<"Status">): string {
  if (workers === 0) return "no worker threads";
  const threads = `${workers} worker${workers === 1 ? "" : "s"}`;
  return workersServing === workers ? threads : `${threads}, only ${workersServing} serving`;
}

function statusText(status: AdminDocument<"Status">): string {
  const { version, pid, phase, uptimeMs, pools, listeners } = status;
  return [
    `Headgate ${version}, pid ${pid}, ${phase} for ${lasting(uptimeMs)}, ${threadsText(status)}`,
    configurationText(status),
    ...reloadLines(status.lastReload),
    "",
    table(
      [
        ["LISTENER", "ADDRESS", "CONNECTIONS", "ACCEPTED", "REFUSED"],
        ...listeners.map((listener) => [
          listener.name,
          listener.address,
          String(listener.connections),
          shortNumber(listener.accepted),
          shortNumber(listener.refusedConnections),
        ]),
      ],
      [2, 3, 4],
    ),
    "",
    table([
      ["POOL", "POLICY", "ELIGIBLE", "PROBES"],
      ...pools.map((pool) => [
        pool.name,
        pool.policy,
        `${pool.eligibleCount} of ${pool.endpointCount}`,
        pool.hasProbes ? "yes" : "none",
      ]),
    ]),
    ...certificateLines(status.certificates),
    ...sourceLines(pools),
    ...status.drains.map(drainLine),
  ].join("\n");
}

/** Nothing where nobody speaks TLS. */
function certificateLines(list: AdminDocument<"CertificateList">): string[] {
  return list.certificates.length === 0 ? [] : ["", certificatesText(list)];
}

/** Where pools find endpoints, and whether they do. */
function sourceLines(pools: AdminDocument<"Status">["pools"]): string[] {
  const rows = pools.flatMap(({ name, source }) => {
    if (source === null) return [];
    const last = source.lastSuccess === null ? "never" : localTime(source.lastSuccess, new Date());
    const state = source.state === "failing" ? "FAILING" : source.state;
    return [[name, source.text, state, String(source.endpoints), last, source.reason ?? ""]];
  });
  if (rows.length === 0) return [];
  return ["", table([["POOL", "SOURCE", "STATE", "FOUND", "LAST ANSWER", "WHY"], ...rows], [3])];
}

function configurationText({ revision, source, isWatched, driftCount }: AdminDocument<"Status">): string {
  const from = source === null ? "from flags" : `${source}${isWatched ? " (watched)" : ""}`;
  const drift =
    driftCount === 0
      ? ""
      : `; ${driftCount} run-time change${driftCount === 1 ? "" : "s"} not in the file (headgate drift)`;
  return `configuration: revision ${revision}, ${from}${drift}`;
}

function reloadLines(last: AdminDocument<"Status">["lastReload"]): string[] {
  if (last === null) return [];
  const how = last.origin.by === null ? last.origin.way : `${last.origin.way} by ${last.origin.by}`;
  const time = localTime(last.time, new Date());
  if (last.outcome !== "refused") return [`last reload: ${time}, ${how}, ${last.outcome}`];
  return [`last reload: ${time}, ${how}, REFUSED: ${last.reason}`, ...issueLines(last.issues)];
}

export function drainLine(drain: AdminDocument<"Drain">): string {
  const tunnels = drain.tunnels === 0 ? "" : ` (${drain.tunnels} tunnels)`;
  const cut = drain.cutRequests === 0 ? "" : `, ${drain.cutRequests} ended at the deadline`;
  const held = `${drain.activeRequests} active of ${drain.startedRequests}${tunnels}, ${drain.connections} connections${cut}`;
  const deadline = drain.deadline === null ? "" : `, until ${localTime(drain.deadline, new Date())}`;
  return `${drain.pool}/${drain.endpoint}: ${drain.reason}, ${drain.outcome}: ${held}${deadline}`;
}

export function endpointTable(endpoints: readonly AdminDocument<"Endpoint">[]): string {
  return table(
    [
      ["POOL", "ENDPOINT", "FROM", "STATE", "WEIGHT", "ACTIVE", "REQUESTS", "FAILED", "P50", "P99", "WHY"],
      ...endpoints.map((endpoint) => [
        endpoint.pool,
        endpoint.name,
        originWords[endpoint.origin],
        endpoint.isBackup ? `${endpoint.state} (backup)` : endpoint.state,
        weightText(endpoint),
        activeText(endpoint),
        shortNumber(endpoint.requests),
        shortNumber(endpoint.failures),
        milliseconds(endpoint.latencyMs.p50),
        milliseconds(endpoint.latencyMs.p99),
        whyText(endpoint),
      ]),
    ],
    [4, 5, 6, 7, 8, 9],
  );
}

function activeText({ activeRequests, tunnels }: AdminDocument<"Endpoint">): string {
  return tunnels === 0 ? String(activeRequests) : `${activeRequests} (${tunnels} tunnels)`;
}

const originWords = { configuration: "config", operator: "operator", source: "source" } as const;

function weightText({ weight, configuredWeight }: AdminDocument<"Endpoint">): string {
  return weight === configuredWeight ? String(weight) : `${weight} of ${configuredWeight}`;
}

function whyText({ health, drain, state }: AdminDocument<"Endpoint">): string {
  const isLeaving = state === "draining" || drain?.outcome === "under-way";
  if (drain !== null && isLeaving) return `${drain.outcome}, ${drain.activeRequests} active`;
  return health === null ? "not probed" : health.reason;
}
