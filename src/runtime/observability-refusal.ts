/**
 * A refusal before any exchange began (an invalid head, one connection too many) as a record, so that it
 * stands in the access log and in the diagnosis like everything else that was answered.
 */
import type { Cause } from "../core/errors.ts";
import type { AccessRecord } from "../observability/access-log/access-record.ts";

export interface Refusal {
  readonly listenerName: string;
  readonly cause: Cause;
  readonly status: number;
  readonly clientAddress: string;
  /** Of the answer. */
  readonly bodyBytes: number;
}

const noAttempts: AccessRecord["failedAttempts"] = [];

/** Nothing is known of the request: its head was not valid, or not read. */
export function refusalRecord(refusal: Refusal, wallMs: number): AccessRecord {
  const { listenerName, cause, status, clientAddress, bodyBytes } = refusal;
  return {
    method: "",
    target: "",
    host: "",
    protocol: "",
    isSecure: false,
    clientAddress,
    listenerName,
    routeName: "",
    poolName: "",
    endpoint: null,
    status,
    cause,
    detail: "",
    failedAttempts: noAttempts,
    requestBodyBytes: 0,
    responseBodyBytes: bodyBytes,
    startedWallMs: wallMs,
    durationMs: 0,
    queueMs: 0,
    connectMs: null,
    firstByteMs: null,
    requestId: "",
    traceId: "",
    header: nothing,
    responseHeader: nothing,
    capture: nothing,
    fact: nothing,
  };
}

function nothing(): undefined {
  return undefined;
}
