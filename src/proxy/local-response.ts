/** The answers Headgate makes itself: short, plain, and carrying their cause. */
import type { Clock } from "../core/clock.ts";
import { type Cause, errorRow } from "../core/errors.ts";
import { httpDate } from "../core/http-date.ts";
import { reasonPhrase } from "../http1/reason-phrase.ts";

export interface LocalResponse {
  readonly status: number;
  readonly reason: string;
  /** Field lines, each with CRLF, without framing. */
  readonly fieldLines: string;
  readonly body: string;
}

/** The answer for a cause; null when there is nobody left to answer. */
export function errorResponse(cause: Cause, isCauseShown: boolean, clock: Clock): LocalResponse | null {
  const { status } = errorRow(cause);
  if (status === null) return null;
  const reason = reasonPhrase(status);
  const shown = isCauseShown ? ` (${cause})` : "";
  const causeLine = isCauseShown ? `Headgate-Cause: ${cause}\r\n` : "";
  const retryLine = status === 503 ? "Retry-After: 1\r\n" : "";
  return plainResponse(status, `${status} ${reason}${shown}\n`, causeLine + retryLine, clock);
}

export function plainResponse(status: number, body: string, fieldLines: string, clock: Clock): LocalResponse {
  return {
    status,
    reason: reasonPhrase(status),
    fieldLines: `Date: ${httpDate(clock.wallMs())}\r\n${body === "" ? "" : "Content-Type: text/plain; charset=utf-8\r\n"}${fieldLines}`,
    body,
  };
}
