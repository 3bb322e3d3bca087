/** A probe that asks for a path and looks at the status, and at the body if a text is expected there. */
import type { Clock } from "../core/clock.ts";
import { probeInTurn } from "./addresses-in-turn.ts";
import type { Probe } from "./probe.ts";
import { sendProbeRequest, type AnswerJudge } from "./probe-request.ts";

export interface HttpProbeSettings {
  readonly method: "GET" | "HEAD" | "OPTIONS";
  /** Path and query. */
  readonly path: string;
  /** Host header; null for the endpoint's own. */
  readonly host: string | null;
  /** Further request headers. */
  readonly headers: Readonly<Record<string, string>>;
  /** Statuses that count as success; both ends included. */
  readonly expectedStatus: readonly { readonly from: number; readonly to: number }[];
  /** A text that must occur in the first 64 KiB of the body; null for any body. */
  readonly expectedBody: string | null;
}

export function createHttpProbe(settings: HttpProbeSettings, clock: Clock): Probe {
  const { method, path, headers, host } = settings;
  return probeInTurn((address, { tls, authority }, timeoutMs, done) => {
    const request = { address, tls, method, path, headers, timeoutMs, host: host ?? authority };
    return sendProbeRequest({ ...request, body: null, isHttp2: false }, judgeOf(settings), clock, done);
  }, clock);
}

function judgeOf({ expectedStatus, expectedBody }: HttpProbeSettings): AnswerJudge {
  let detail = "";
  return {
    atHead(status) {
      detail = `status ${status}`;
      const isExpected = expectedStatus.some(({ from, to }) => status >= from && status <= to);
      if (!isExpected) return { isOk: false, cause: "status", detail };
      return expectedBody === null ? { isOk: true, detail } : null;
    },
    atEnd(body) {
      if (body.includes(expectedBody ?? "")) return { isOk: true, detail: `${detail}, body as expected` };
      return { isOk: false, cause: "body", detail: `${detail}, but the body lacks the expected text` };
    },
  };
}
