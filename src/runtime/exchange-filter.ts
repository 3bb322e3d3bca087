/** Which exchanges a viewer wants to see. Plain data for workers and the API; compiled where exchanges are judged. */
import { buildCidrSet } from "../core/cidr.ts";
import type { Cause } from "../core/errors.ts";
import type { AccessRecord } from "../observability/access-log/access-record.ts";
import { type LiveExchange, namesOf } from "./live-exchange.ts";

/** Null: anything. All of them must hold. */
export interface ExchangeFilter {
  /** Ranges, both ends included. */
  readonly statuses: readonly { readonly from: number; readonly to: number }[] | null;
  readonly route: string | null;
  readonly pool: string | null;
  readonly endpoint: string | null;
  /** `any`: whatever has a cause. */
  readonly cause: Cause | "any" | null;
  /** Exchanges that took at least so long. */
  readonly slowMs: number | null;
  /** In capitals. */
  readonly methods: readonly string[] | null;
  /** A name without port in small letters, or `*.example.com` for all names below it. */
  readonly host: string | null;
  /** Without query; what ends with `*` is a beginning. */
  readonly path: string | null;
  /** Addresses and networks, such as `buildCidrSet` takes. */
  readonly clients: readonly string[] | null;
}

type Judged = AccessRecord | LiveExchange;
type Judgement = (record: Judged) => boolean;

/** What it gives allocates little: it is asked for every exchange while somebody looks. */
export function compileFilter(filter: ExchangeFilter): Judgement {
  const { statuses, route, pool, endpoint, cause, slowMs, methods, host, path, clients } = filter;
  const tests: Judgement[] = [];
  if (slowMs !== null) tests.push((record) => record.durationMs >= slowMs);
  if (statuses !== null)
    tests.push(({ status }) => statuses.some(({ from, to }) => status >= from && status <= to));
  if (cause !== null)
    tests.push((record) => (cause === "any" ? record.cause !== null : hasCause(record, cause)));
  if (methods !== null) tests.push(({ method }) => methods.includes(method));
  if (route !== null) tests.push((record) => namesOf(record).route === route);
  if (pool !== null) tests.push((record) => namesOf(record).pool === pool);
  if (endpoint !== null) tests.push((record) => wentTo(record, endpoint));
  if (host !== null) tests.push((record) => isHost(record.host, host));
  if (path !== null) tests.push((record) => isPath(record.target, path));
  if (clients !== null) {
    const networks = buildCidrSet(clients);
    tests.push((record) => networks.contains("client" in record ? record.client : record.clientAddress));
  }
  return (record) => tests.every((isSo) => isSo(record));
}

function wentTo(record: Judged, endpoint: string): boolean {
  return (
    namesOf(record).endpoint === endpoint || record.failedAttempts.some((each) => each.endpoint === endpoint)
  );
}

function hasCause(record: Judged, cause: Cause): boolean {
  return record.cause === cause || record.failedAttempts.some((attempt) => attempt.cause === cause);
}

function isHost(authority: string, wanted: string): boolean {
  const name = authority.replace(/:\d*$/, "").toLowerCase();
  return wanted.startsWith("*.") ? name.endsWith(wanted.slice(1)) : name === wanted;
}

function isPath(target: string, wanted: string): boolean {
  const query = target.indexOf("?");
  const path = query === -1 ? target : target.slice(0, query);
  return wanted.endsWith("*") ? path.startsWith(wanted.slice(0, -1)) : path === wanted;
}
