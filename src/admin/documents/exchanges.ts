/** Failures of the last hour and exchanges as they happen, as the API shows them, and which ones a viewer wants. */
import type { AdminDocument } from "../../config/admin-documents.ts";
import { cidrFault } from "../../core/cidr.ts";
import { type Cause, errorTable } from "../../core/errors.ts";
import { parseDurationMs } from "../../core/units.ts";
import type { DiagnosisReport } from "../../observability/diagnosis.ts";
import type { ExchangeFilter } from "../../runtime/exchange-filter.ts";
import type { LiveExchange } from "../../runtime/live-exchange.ts";
import type { AdminCall, QueryParameter } from "../operation.ts";
import { ProblemError } from "../problem.ts";
import { isoTime } from "./changes.ts";

export function diagnosisDocument({ rows, ungrouped }: DiagnosisReport): AdminDocument<"Diagnosis"> {
  return {
    rows: rows.map(({ firstSeenWallMs, lastSeenWallMs, example, ...row }) => {
      const { wallMs, clientAddress, ...rest } = example;
      return {
        ...row,
        firstSeen: isoTime(firstSeenWallMs),
        lastSeen: isoTime(lastSeenWallMs),
        example: { ...rest, time: isoTime(wallMs), client: clientAddress },
      };
    }),
    ungrouped,
  };
}

export function exchangeDocument({
  wallMs,
  failedAttempts,
  ...exchange
}: LiveExchange): AdminDocument<"Exchange"> {
  return { ...exchange, failedAttempts: [...failedAttempts], time: isoTime(wallMs) };
}

export const filterParameters: readonly QueryParameter[] = [
  { name: "status", description: "Statuses, such as 5xx,404,400-403" },
  { name: "route", description: "The route's name" },
  { name: "pool", description: "The pool's name" },
  { name: "endpoint", description: "An endpoint that answered or failed" },
  { name: "cause", description: "A cause such as connect-refused, or `any`" },
  { name: "slow", description: "Only exchanges that took at least so long, such as 500ms" },
  { name: "method", description: "Methods, such as GET,HEAD" },
  { name: "host", description: "The host asked for, without port; `*.example.com` for all below it" },
  { name: "path", description: "The path without query; `/api/*` for all that begin so" },
  { name: "client", description: "Addresses and networks of clients, such as 192.0.2.7,10.0.0.0/8" },
];

/** Throws a ProblemError that says what is wrong with the query. */
export function filterOf(call: AdminCall<unknown>): ExchangeFilter {
  const name = (key: string): string | null => call.query(key) ?? null;
  return {
    statuses: statusesOf(name("status")),
    route: name("route"),
    pool: name("pool"),
    endpoint: name("endpoint"),
    cause: causeOf(name("cause")),
    slowMs: slowOf(name("slow")),
    methods: listOf(name("method"))?.map((method) => method.toUpperCase()) ?? null,
    host: name("host")?.toLowerCase() ?? null,
    path: pathOf(name("path")),
    clients: clientsOf(name("client")),
  };
}

function statusesOf(text: string | null): ExchangeFilter["statuses"] {
  return text === null ? null : text.split(",").map((part) => rangeOf(part.trim()));
}

function listOf(text: string | null): readonly string[] | null {
  return text === null ? null : text.split(",").map((part) => part.trim());
}

function pathOf(text: string | null): string | null {
  if (text === null || text.startsWith("/") || text === "*") return text;
  throw new ProblemError("bad-request", `'${text}' is no path; one begins with /, such as /cart or /api/*`);
}

function clientsOf(text: string | null): readonly string[] | null {
  const clients = listOf(text);
  for (const client of clients ?? []) {
    const fault = cidrFault(client);
    if (fault !== null) throw new ProblemError("bad-request", fault);
  }
  return clients;
}

function rangeOf(text: string): { from: number; to: number } {
  const [, ofClass, first, last] = /^(?:([1-5])xx|([1-5]\d\d)(?:-([1-5]\d\d))?)$/.exec(text) ?? [];
  if (ofClass !== undefined) return { from: Number(ofClass) * 100, to: Number(ofClass) * 100 + 99 };
  if (first === undefined)
    throw new ProblemError("bad-request", `'${text}' is no status such as 404, 5xx or 400-403`);
  return { from: Number(first), to: Number(last ?? first) };
}

function causeOf(text: string | null): ExchangeFilter["cause"] {
  if (text === null || text === "any" || text in errorTable) return text as Cause | "any" | null;
  throw new ProblemError("bad-request", `'${text}' is no cause; docs/errors.md has them all`);
}

function slowOf(text: string | null): number | null {
  if (text === null) return null;
  const ms = parseDurationMs(text);
  if (ms !== null) return ms;
  throw new ProblemError("bad-request", `'${text}' is no duration with a unit, such as 500ms`);
}
