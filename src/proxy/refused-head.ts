/** The answer to a head that is not a valid request: no exchange begins, the connection ends. */
import { type Cause, errorRow } from "../core/errors.ts";
import type { Peer } from "./forwarding.ts";
import type { ListenerContext } from "./listener-context.ts";
import { errorResponse } from "./local-response.ts";

/** The whole response as text; "" when the cause has no status. */
export function refuseHead(cause: Cause, context: ListenerContext, peer: Peer): string {
  const response = errorResponse(cause, context.proxy.isCauseShown, context.proxy.clock);
  context.onHeadRefused(cause, errorRow(cause).status ?? 499, peer.address);
  if (response === null) return "";
  const { status, reason, fieldLines, body } = response;
  return `HTTP/1.1 ${status} ${reason}\r\n${fieldLines}Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`;
}
