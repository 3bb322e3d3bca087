/**
 * Turns what happens into events: a revision into what it did to endpoints and listeners, and those
 * lines of the log that tell of endpoints and workers. Nobody has to report the same thing twice.
 */
import type { Change } from "../config/diff.ts";
import type { Log, LogFields } from "../core/log.ts";
import type { EventKind } from "../core/event-kinds.ts";
import type { EventLevel, EventLog, EventReport } from "../observability/events.ts";
import type { ChangeOrigin, Revision } from "./revisions.ts";

/** Lines of the log that are events, too. */
const kindsByMessage: Readonly<Record<string, EventKind>> = {
  "endpoint is down": "endpoint-down",
  "endpoint is up again": "endpoint-up",
  "endpoint is ejected": "endpoint-ejected",
  "endpoint is admitted again": "endpoint-readmitted",
  "certificate issued": "certificate-renewed",
  "certificate not issued": "certificate-problem",
  "certificate revoked": "certificate-problem",
  "a certificate has expired": "certificate-problem",
  "a certificate expires soon": "certificate-problem",
  "a list of revoked certificates needs renewal": "certificate-problem",
  "changed certificates cannot be used, the old ones stay": "certificate-problem",
  "worker died and is replaced": "worker-died",
  "worker cannot serve and is replaced": "worker-failed",
  "worker is back": "worker-started",
  "reload refused, the configuration in force stays": "config-rejected",
  "endpoint source fails, the last good endpoints stay": "source-failed",
  "endpoint source answers again": "source-recovered",
};

/** A log that writes to `log` and records those lines. */
export function withEvents(log: Log, events: EventLog): Log {
  const at =
    (level: EventLevel) =>
    (message: string, fields: LogFields = {}): void => {
      log[level](message, fields);
      const kind = kindsByMessage[message];
      if (kind !== undefined) events.record(reportOf(kind, level, message, fields));
    };
  return {
    isDebug: log.isDebug,
    debug: (message, fields) => log.debug(message, fields),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
  };
}

function reportOf(kind: EventKind, level: EventLevel, message: string, fields: LogFields): EventReport {
  const { pool, endpoint, reason, worker, certificate, source } = fields;
  const name = typeof endpoint === "string" ? endpoint : source;
  const named = typeof name === "string" ? message.replace(/^endpoint(?: source)?\b/, () => name) : message;
  const about = typeof certificate === "string" ? `${certificate}: ` : "";
  const subject = [about, typeof worker === "number" ? `worker ${worker}: ` : "", named].join("");
  return {
    kind,
    level,
    message: typeof reason === "string" ? `${subject}: ${firstLine(reason)}` : subject,
    ...(typeof pool === "string" ? { pool } : {}),
    ...(typeof endpoint === "string" ? { endpoint } : {}),
  };
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}

/** Records that a revision is in force and what it did. */
export function recordRevision(events: EventLog, revision: Revision): void {
  const { number, origin, changes, restores } = revision;
  const by = originText(origin);
  const what =
    restores === null ? `revision ${number} is in force` : `revision ${restores} is back as ${number}`;
  const count = changes.length === 1 ? "1 change" : `${changes.length} changes`;
  events.record({
    kind: restores === null ? "config-applied" : "config-rolled-back",
    level: "info",
    message: origin.way === "start" ? what : `${what}, ${count}`,
    origin: by,
  });
  for (const change of changes) {
    const report = endpointReport(change) ?? listenerReport(change);
    if (report !== null) events.record({ ...report, origin: by });
  }
}

/** Of one answer; what a registry does all at once would push everything else out. */
const foundEventsMax = 50;

/** Records what sources have changed. */
export function recordFound(events: EventLog, changes: readonly Change[]): void {
  const reports = changes.map(endpointReport).filter((report) => report !== null);
  for (const report of reports.slice(0, foundEventsMax)) events.record({ ...report, origin: "source" });
}

/** `api:ann`, `signal`. */
function originText({ way, by }: ChangeOrigin): string {
  return by === null ? way : `${way}:${by}`;
}

const kindsByState: Readonly<Record<string, EventKind>> = {
  draining: "endpoint-draining",
  maintenance: "endpoint-maintenance",
  ready: "endpoint-in-service",
};

function endpointReport({ kind, path, beforeText, afterText }: Change): EventReport | null {
  const [pools, pool, endpoints, endpoint, field, ...rest] = path;
  if (
    pools !== "pools" ||
    endpoints !== "endpoints" ||
    typeof pool !== "string" ||
    typeof endpoint !== "string"
  )
    return null;
  const about = { level: "info", pool, endpoint } as const;
  if (field === undefined) {
    if (kind === "added") return { ...about, kind: "endpoint-added", message: `${endpoint} was added` };
    return kind === "removed"
      ? { ...about, kind: "endpoint-removed", message: `${endpoint} was removed` }
      : null;
  }
  if (rest.length > 0) return null;
  if (field === "weight") {
    return {
      ...about,
      kind: "endpoint-weight",
      message: `${endpoint} has weight ${afterText} (was ${beforeText})`,
    };
  }
  const stateKind = field === "state" ? kindsByState[afterText] : undefined;
  return stateKind === undefined
    ? null
    : { ...about, kind: stateKind, message: `${endpoint} is set to ${afterText}` };
}

function listenerReport({ kind, path }: Change): EventReport | null {
  const [listeners, name, ...rest] = path;
  if (listeners !== "listeners" || name === undefined || rest.length > 0) return null;
  if (kind === "added")
    return { kind: "listener-opened", level: "info", message: `listener ${name} is open` };
  if (kind === "removed")
    return { kind: "listener-closed", level: "info", message: `listener ${name} is closed` };
  return null;
}
