/**
 * gRPC calls as the exchange sees them: their deadline, what an endpoint's answer of trailers only says, and how
 * an answer of our own must look so that a client understands it. Messages are nobody's business here.
 */
import { type Cause, errorRow } from "../core/errors.ts";
import { grpcStatusNumber, type GrpcStatusName, grpcTimeoutMs, isGrpcType } from "../core/grpc.ts";
import { reasonPhrase } from "../http1/reason-phrase.ts";
import type { RequestHead } from "../http1/request-head.ts";
import type { ResponseHead } from "../http1/response-head.ts";
import type { Downstream } from "./downstream.ts";
import { type LocalResponse, sendLocalResponse } from "./local-response.ts";

function isGrpcCall(head: RequestHead): boolean {
  return head.isHttp2 === true && head.method === "POST" && isGrpcType(head.fields.get("content-type") ?? "");
}

/** How long the client waits; Infinity when it does not say. */
export function callTimeoutMs(head: RequestHead): number {
  return isGrpcCall(head) ? grpcTimeoutMs(head.fields.get("grpc-timeout")) : Number.POSITIVE_INFINITY;
}

/** The status in a head: a call that failed before its first message. -1 where there is none. */
export function statusInHead(head: ResponseHead): number {
  const value = head.status === 200 ? head.fields.get("grpc-status") : undefined;
  return value !== undefined && /^[0-9]{1,2}$/.test(value) ? Number(value) : -1;
}

/** As clients would take these HTTP statuses themselves (grpc/doc/http-grpc-status-mapping.md). */
const byHttpStatus: Readonly<Record<number, GrpcStatusName>> = {
  400: "INTERNAL",
  401: "UNAUTHENTICATED",
  403: "PERMISSION_DENIED",
  404: "UNIMPLEMENTED",
  413: "RESOURCE_EXHAUSTED",
  429: "UNAVAILABLE",
  431: "RESOURCE_EXHAUSTED",
  500: "INTERNAL",
  502: "UNAVAILABLE",
  503: "UNAVAILABLE",
  504: "UNAVAILABLE",
};

function statusOfFailure(cause: Cause, httpStatus: number): GrpcStatusName {
  if (cause === "exchange-timeout" || cause === "body-timeout") return "DEADLINE_EXCEEDED";
  return byHttpStatus[httpStatus] ?? "UNKNOWN";
}

/** Content-Type of the text that a client of HTTP would have been shown. */
const typeLine = /^content-type:.*\r\n/gim;

/** The head, and all, of an answer of trailers only in place of an error page. */
export function grpcFailureLines(response: LocalResponse, cause: Cause): string {
  return (
    `${response.fieldLines.replaceAll(typeLine, "")}content-type: application/grpc\r\n` +
    statusLines(cause, response.status, response.reason)
  );
}

/** `sendEnd` is left to the caller. Returns the body's bytes, 0. */
function sendGrpcFailure(response: LocalResponse, cause: Cause, downstream: Downstream): number {
  downstream.sendHead(200, "OK", grpcFailureLines(response, cause), { kind: "none" }, false);
  return 0;
}

/**
 * The trailers that end a call whose answer had begun and cannot be completed: a reset would say INTERNAL whatever
 * the cause. "" for what is no call.
 */
export function brokenCallTrailers(
  cause: Cause,
  head: RequestHead,
  { isCauseShown }: { readonly isCauseShown: boolean },
): string {
  if (!isGrpcCall(head)) return "";
  const { status } = errorRow(cause);
  const httpStatus = status ?? 503;
  const causeLine = isCauseShown ? `headgate-cause: ${cause}\r\n` : "";
  return statusLines(cause, httpStatus, reasonPhrase(httpStatus)) + causeLine;
}

function statusLines(cause: Cause, httpStatus: number, reason: string): string {
  const status = grpcStatusNumber(statusOfFailure(cause, httpStatus));
  return `grpc-status: ${status}\r\ngrpc-message: ${httpStatus} ${reason.replaceAll("%", "%25")}\r\n`;
}

/** An answer of our own; `cause` is null for one that is no failure. Returns the body's bytes. */
export function sendOwn(
  response: LocalResponse,
  cause: Cause | null,
  head: RequestHead,
  downstream: Downstream,
): number {
  return cause !== null && isGrpcCall(head)
    ? sendGrpcFailure(response, cause, downstream)
    : sendLocalResponse(response, downstream, head.method);
}
