/** A record for tests and benchmarks: an ordinary exchange, of which callers change what they look at. */
import type { AccessRecord } from "../../src/observability/access-log/access-record.ts";

export interface SampleChanges extends Partial<
  Omit<AccessRecord, "header" | "responseHeader" | "capture" | "fact">
> {
  readonly headers?: Readonly<Record<string, string>>;
  readonly responseHeaders?: Readonly<Record<string, string>>;
  readonly captures?: Readonly<Record<string, string>>;
  readonly facts?: Readonly<Record<string, string | number>>;
}

/** GET http://example.com/ at 2026-11-21T03:09:00.123Z, answered 200 by b1 within 4.5 ms. */
export function sampleRecord(changes: SampleChanges = {}): AccessRecord {
  const { headers = {}, responseHeaders = {}, captures = {}, facts = {}, ...fields } = changes;
  return {
    method: "GET",
    target: "/",
    host: "example.com",
    protocol: "HTTP/1.1",
    isSecure: false,
    clientAddress: "192.0.2.7",
    listenerName: "main",
    routeName: "all",
    poolName: "app",
    endpoint: { name: "b1" },
    status: 200,
    cause: null,
    detail: "",
    failedAttempts: [],
    requestBodyBytes: 0,
    responseBodyBytes: 1234,
    startedWallMs: Date.UTC(2026, 10, 21, 3, 9, 0, 123),
    durationMs: 4.5,
    queueMs: 0,
    connectMs: null,
    firstByteMs: 4.25,
    requestId: "",
    traceId: "",
    ...fields,
    header: (name) => headers[name],
    responseHeader: (name) => responseHeaders[name],
    capture: (name) => captures[name],
    fact: (name) => facts[name],
  };
}
