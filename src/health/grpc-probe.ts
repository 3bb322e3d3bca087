/**
 * A probe by the gRPC health protocol: `grpc.health.v1.Health/Check` over HTTP/2, answered with SERVING.
 * The two messages are a few bytes each and are read and written here; no stub is generated.
 */
import type { Clock } from "../core/clock.ts";
import { probeInTurn } from "./addresses-in-turn.ts";
import type { Probe } from "./probe.ts";
import { sendProbeRequest, type AnswerHeaders, type AnswerJudge, type Verdict } from "./probe-request.ts";

export interface GrpcProbeSettings {
  /** The service asked about; empty for the server as a whole. */
  readonly service: string;
  /** `:authority`; null for the endpoint's own. */
  readonly host: string | null;
  /** Further metadata. */
  readonly headers: Readonly<Record<string, string>>;
}

const servingStates = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"] as const;

export function createGrpcProbe(settings: GrpcProbeSettings, clock: Clock): Probe {
  const body = checkRequest(settings.service);
  return probeInTurn((address, { tls, authority }, timeoutMs, done) => {
    const headers = {
      ...settings.headers,
      "content-type": "application/grpc",
      te: "trailers",
      "grpc-timeout": `${Math.min(timeoutMs, 99_999_999)}m`,
    };
    const host = settings.host ?? authority;
    const request = { address, tls, host, headers, body, timeoutMs } as const;
    const path = "/grpc.health.v1.Health/Check";
    return sendProbeRequest({ ...request, method: "POST", path, isHttp2: true }, createJudge(), clock, done);
  }, clock);
}

function createJudge(): AnswerJudge {
  return {
    atHead(status, headers) {
      if (status !== 200) return { isOk: false, cause: "status", detail: `status ${status}` };
      // An answer of trailers only has its grpc-status in the head.
      return failedCall(headers);
    },
    atEnd: (body, trailers) => failedCall(trailers) ?? judgeMessage(body),
  };
}

/** Null when the call went well, or has not said so yet. */
function failedCall(headers: AnswerHeaders): Verdict | null {
  const status = headers["grpc-status"];
  if (status === undefined || status === "0") return null;
  return { isOk: false, cause: "status", detail: `grpc-status ${String(status)}` };
}

function judgeMessage(body: Buffer): Verdict {
  const state = servingState(body);
  if (state === null)
    return { isOk: false, cause: "bad-response", detail: "not an answer of the gRPC health protocol" };
  if (state === 1) return { isOk: true, detail: "SERVING" };
  return { isOk: false, cause: "status", detail: servingStates[state] ?? `state ${state}` };
}

/** Length-prefixed `HealthCheckRequest { string service = 1; }`, uncompressed. */
function checkRequest(service: string): Buffer {
  const name = Buffer.from(service).subarray(0, 127);
  const message = name.length === 0 ? name : Buffer.concat([Buffer.from([0x0a, name.length]), name]);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** The state in a length-prefixed `HealthCheckResponse { ServingStatus status = 1; }`; null when it is something else. */
function servingState(body: Buffer): number | null {
  if (body.length < 5 || body[0] !== 0 || body.readUInt32BE(1) !== body.length - 5) return null;
  // Protocol buffers leave a field out that has its default value, 0.
  if (body.length === 5) return 0;
  return body.length === 7 && body[5] === 0x08 ? (body[6] ?? null) : null;
}
