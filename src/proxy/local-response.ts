/** The answers Headgate makes itself: short, plain, and carrying their cause. */
import type { Clock } from "../core/clock.ts";
import { type Cause, errorRow } from "../core/errors.ts";
import { httpDate } from "../core/http-date.ts";
import type { BodyFraming } from "../http1/framing.ts";
import { reasonPhrase } from "../http1/reason-phrase.ts";
import type { ResponseHead } from "../http1/response-head.ts";
import { ownMemory } from "../upstream/upstream-stream.ts";
import type { Downstream } from "./downstream.ts";

export interface LocalResponse {
  readonly status: number;
  readonly reason: string;
  /** Field lines, each with CRLF, without framing. */
  readonly fieldLines: string;
  readonly body: string;
}

/**
 * The answer for a cause; null when there is nobody left to answer. `moreFieldLines` may say better when
 * to come again than the second that every 429 and 503 asks for.
 */
export function errorResponse(
  cause: Cause,
  isCauseShown: boolean,
  clock: Clock,
  otherStatus: number | null = null,
  moreFieldLines = "",
): LocalResponse | null {
  const status = otherStatus ?? errorRow(cause).status;
  if (status === null) return null;
  const reason = reasonPhrase(status);
  const shown = isCauseShown ? ` (${cause})` : "";
  const causeLine = isCauseShown ? `Headgate-Cause: ${cause}\r\n` : "";
  const isLater = (status === 503 || status === 429) && !moreFieldLines.includes("Retry-After: ");
  const lines = `${causeLine}${isLater ? "Retry-After: 1\r\n" : ""}${moreFieldLines}`;
  return plainResponse(status, `${status} ${reason}${shown}\n`, lines, clock);
}

export function plainResponse(
  status: number,
  body: string,
  fieldLines: string,
  clock: Clock,
  contentType = "text/plain; charset=utf-8",
): LocalResponse {
  const typeLine = body === "" ? "" : `Content-Type: ${contentType}\r\n`;
  return {
    status,
    reason: reasonPhrase(status),
    fieldLines: `${dateLine(clock)}${typeLine}${fieldLines}`,
    body,
  };
}

const keptFields = [
  ["www-authenticate", "WWW-Authenticate"],
  ["retry-after", "Retry-After"],
  ["allow", "Allow"],
] as const;

/** What stays of an endpoint's answer that is replaced: its status and what belongs to it. */
export function replacedResponse(head: ResponseHead, clock: Clock): LocalResponse {
  let lines = dateLine(clock);
  for (const [lowerName, name] of keptFields) {
    const value = head.fields.get(lowerName);
    if (value !== undefined) lines += `${name}: ${value}\r\n`;
  }
  return { status: head.status, reason: reasonPhrase(head.status), fieldLines: lines, body: "" };
}

/** An answer with headers of its own, Content-Type among them. Values are octets that are fit for a header. */
export function answerWith(
  status: number,
  headers: readonly (readonly [name: string, value: string])[],
  body: string,
  clock: Clock,
): LocalResponse {
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return { status, reason: reasonPhrase(status), fieldLines: dateLine(clock) + lines, body };
}

function dateLine(clock: Clock): string {
  return `Date: ${httpDate(clock.wallMs())}\r\n`;
}

/** Sends head and body; `sendEnd` is left to the caller. Returns the body's bytes. */
export function sendLocalResponse(response: LocalResponse, downstream: Downstream, method: string): number {
  const { status, reason, fieldLines } = response;
  const isBodiless = status === 204 || status === 304;
  const body = Buffer.from(response.body, "utf8");
  const framing: BodyFraming = isBodiless ? { kind: "none" } : { kind: "length", bytes: body.length };
  downstream.sendHead(status, reason, fieldLines, framing, false);
  if (isBodiless || method === "HEAD") return 0;
  downstream.sendBody(ownMemory, body, 0, body.length);
  return body.length;
}
