/** One exchange as a line of some access log tells it. What a line does not tell is NaN or "". */

export interface LoggedFailure {
  readonly endpoint: string;
  readonly cause: string;
}

export interface LogEntry {
  /** Unix ms. */
  readonly wallMs: number;
  /** 0 when there was none. */
  readonly status: number;
  readonly durationMs: number;
  readonly firstByteMs: number;
  readonly connectMs: number;
  readonly queueMs: number;
  readonly client: string;
  readonly method: string;
  /** Without query. */
  readonly path: string;
  readonly route: string;
  readonly pool: string;
  readonly endpoint: string;
  readonly cause: string;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly failedAttempts: readonly LoggedFailure[];
}

const noFailures: readonly LoggedFailure[] = [];

/** An entry that tells nothing but what is given. */
export function logEntry(known: Partial<LogEntry> & Pick<LogEntry, "wallMs" | "status">): LogEntry {
  return {
    wallMs: known.wallMs,
    status: known.status,
    durationMs: known.durationMs ?? Number.NaN,
    firstByteMs: known.firstByteMs ?? Number.NaN,
    connectMs: known.connectMs ?? Number.NaN,
    queueMs: known.queueMs ?? Number.NaN,
    client: known.client ?? "",
    method: known.method ?? "",
    path: known.path ?? "",
    route: known.route ?? "",
    pool: known.pool ?? "",
    endpoint: known.endpoint ?? "",
    cause: known.cause ?? "",
    bytesIn: known.bytesIn ?? 0,
    bytesOut: known.bytesOut ?? 0,
    failedAttempts: known.failedAttempts ?? noFailures,
  };
}

export function withoutQuery(target: string): string {
  const query = target.indexOf("?");
  return query < 0 ? target : target.slice(0, query);
}
