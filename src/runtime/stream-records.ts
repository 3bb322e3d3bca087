/** What remains of a connection below HTTP, told in the words of exchanges, for logs and metrics. */
import { type Cause, errorRow } from "../core/errors.ts";
import type { ExchangeFact } from "../core/template-scope.ts";
import type { ExchangeRecord } from "../proxy/exchange-record.ts";
import type { StreamRecord } from "../stream/stream-context.ts";

/**
 * As nginx's stream log does it, the status is 200 once an endpoint was connected, however long that lasted;
 * else that of the cause.
 */
export function exchangeRecordOf(record: StreamRecord): ExchangeRecord {
  return {
    method: record.protocol,
    target: "",
    host: record.serverName,
    protocol: record.protocol,
    isSecure: false,
    clientAddress: record.clientAddress,
    listenerName: record.listenerName,
    routeName: "",
    poolName: record.poolName,
    endpoint: record.endpoint,
    status: record.isConnected ? 200 : statusOf(record.cause),
    cause: record.cause,
    detail: record.detail,
    attemptCount: record.failedDials.length + (record.isConnected ? 1 : 0),
    failedAttempts: record.failedDials,
    requestBodyBytes: record.bytesFromClient,
    responseBodyBytes: record.bytesToClient,
    startedWallMs: record.startedWallMs,
    durationMs: record.durationMs,
    queueMs: 0,
    connectMs: record.connectMs,
    firstByteMs: null,
    isTunnel: true,
    requestId: "",
    traceId: "",
    trace: null,
    header: nothing,
    responseHeader: nothing,
    capture: nothing,
    fact: (name) => factOf(record, name),
  };
}

/** 499 when the client left before anything came of it. */
function statusOf(cause: Cause | null): number {
  return cause === null ? 499 : (errorRow(cause).status ?? 499);
}

function factOf(record: StreamRecord, name: ExchangeFact): string | number | undefined {
  switch (name) {
    case "client.port":
      return record.clientPort;
    case "peer.address":
      return record.clientAddress;
    case "tls.server_name":
      return record.serverName === "" ? undefined : record.serverName;
    default:
      return undefined;
  }
}

function nothing(): undefined {
  return undefined;
}
