/**
 * Step 3: may this request pass, and what exactly is sent. The rules on Expect, TRACE, Max-Forwards and
 * Upgrade stand here; forwarding fields and routes have their own files.
 */
import type { Cause } from "../core/errors.ts";
import { listHasToken } from "../http1/characters.ts";
import { withoutFields } from "../http1/fields.ts";
import { isEmptyBody } from "../http1/framing.ts";
import type { RequestHead } from "../http1/request-head.ts";
import type { OutgoingRequest } from "../upstream/upstream-stream.ts";
import type { Downstream } from "./downstream.ts";
import { type LocalResponse, plainResponse } from "./local-response.ts";
import type { ProxyContext } from "./proxy-context.ts";
import type { RequestScope } from "./request-scope.ts";
import type { RoutePlan } from "./route-plan.ts";

/** What a request comes to before any route is asked: refused, answered here, or the lines to send on. */
export type Admission =
  | { readonly kind: "refuse"; readonly cause: Cause }
  | { readonly kind: "respond"; readonly response: LocalResponse }
  | { readonly kind: "pass"; readonly fieldLines: string; readonly isContinueExpected: boolean };

/** Passing through more Headgates than this is a loop. */
const hopsMax = 10;

/** The rules of the protocol that bind every proxy, whatever the route. */
export function admit(head: RequestHead, downstream: Downstream, context: ProxyContext): Admission {
  const { fields } = head;
  if (fields.via !== "" && context.viaName !== null && hopsIn(fields.via, context.viaName) >= hopsMax) {
    return { kind: "refuse", cause: "proxy-loop" };
  }
  const isContinueExpected = fields.expect !== "" && head.versionMinor === 1;
  if (isContinueExpected && fields.expect.toLowerCase() !== "100-continue") {
    return { kind: "refuse", cause: "unsupported-expectation" };
  }
  let fieldLines = downstream.client.outgoingLines(head);
  if (head.method === "TRACE" || head.method === "OPTIONS") {
    const local = answerLastHop(head, context);
    if (local !== null) return local;
    fieldLines = withFewerForwards(fieldLines, fields.maxForwards);
  }
  return { kind: "pass", fieldLines, isContinueExpected };
}

/** The request as it goes to an endpoint. */
export function outgoingRequest(
  head: RequestHead,
  fieldLines: string,
  isContinueExpected: boolean,
  plan: RoutePlan,
  scope: RequestScope,
): OutgoingRequest | Cause {
  const lines = plan.editRequest === null ? fieldLines : plan.editRequest(fieldLines, scope);
  const { te } = head.fields;
  const { rewrite } = plan;
  const target = rewrite === null ? head.target : rewrite.target(scope);
  if (target === null) return "unclear-path";
  return {
    method: rewrite?.method ?? head.method,
    target,
    host: rewrite?.host(scope) ?? head.host,
    fieldLines: isContinueExpected ? `${lines}Expect: 100-continue\r\n` : lines,
    body: head.body,
    upgrade: offeredUpgrade(head),
    isContinueExpected,
    isTrailersAccepted: te !== "" && listHasToken(te, "trailers"),
    timeouts: plan.upstreamTimeouts,
  };
}

/** Upgrade counts only with the connection option, in HTTP/1.1 and without a body (RFC 9110 §7.8). */
function offeredUpgrade(head: RequestHead): string {
  const { fields } = head;
  if (fields.upgrade === "" || head.versionMinor === 0 || !isEmptyBody(head.body)) return "";
  if (!fields.hasConnectionOption("upgrade")) return "";
  // h2c by upgrade is obsolete (RFC 9113 §3.1) and would smuggle past this proxy.
  return listHasToken(fields.upgrade, "h2c") ? "" : fields.upgrade;
}

function hopsIn(via: string, viaName: string): number {
  let hops = 0;
  for (const entry of via.split(",")) if (entry.trim().split(/\s+/)[1] === viaName) hops++;
  return hops;
}

/** Max-Forwards: 0 makes this hop the last one (RFC 9110 §7.6.2); otherwise null. */
function answerLastHop(head: RequestHead, context: ProxyContext): Admission | null {
  if (head.method === "TRACE" && head.body.kind !== "none")
    return { kind: "refuse", cause: "ambiguous-framing" };
  if (!/^0+$/.test(head.fields.maxForwards)) return null;
  if (head.method === "OPTIONS") {
    const allow = "Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE\r\n";
    return { kind: "respond", response: plainResponse(204, "", allow, context.clock) };
  }
  // §9.3.8: the echo leaves out what could give secrets away.
  const lines = withoutFields(head.fields.section, (text, start, end) =>
    /^(?:cookie|authorization|proxy-authorization)$/i.test(text.slice(start, end)),
  );
  const echo = `${head.method} ${head.target} HTTP/1.${head.versionMinor}\r\n${lines}\r\n`;
  const response = plainResponse(200, echo, "", context.clock);
  const fieldLines = response.fieldLines.replace("text/plain; charset=utf-8", "message/http");
  return { kind: "respond", response: { ...response, fieldLines } };
}

function withFewerForwards(fieldLines: string, maxForwards: string): string {
  if (!/^[0-9]{1,9}$/.test(maxForwards)) return fieldLines;
  const rest = withoutFields(
    fieldLines,
    (text, start, end) => text.slice(start, end).toLowerCase() === "max-forwards",
  );
  return `${rest}Max-Forwards: ${Number(maxForwards) - 1}\r\n`;
}
