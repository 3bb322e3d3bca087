/** Answers outside any exchange: to a head that is not a valid request, and to one connection too many. */
import { Deadline } from "../core/deadlines.ts";
import { type Cause, errorRow } from "../core/errors.ts";
import type { ByteStream } from "../core/transport.ts";
import { type Peer, plainAddress } from "./forwarding.ts";
import type { ListenerContext } from "./listener-context.ts";
import { errorResponse, type LocalResponse } from "./local-response.ts";

const refusalTimeoutMs = 1000;

/** The whole response as text; "" when the cause has no status. */
export function refuseHead(cause: Cause, context: ListenerContext, peer: Peer): string {
  const response = errorResponse(cause, context.proxy.isCauseShown, context.proxy.clock);
  context.onRefused(cause, errorRow(cause).status ?? 499, peer.address, response?.body.length ?? 0);
  if (response === null) return "";
  return closingText(response);
}

function closingText({ status, reason, fieldLines, body }: LocalResponse): string {
  return `HTTP/1.1 ${status} ${reason}\r\n${fieldLines}Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`;
}

/** Answers a connection that is one too many and closes it, without reading from it. */
export function refuseConnection(stream: ByteStream, context: ListenerContext, cause: Cause): void {
  stream.handler = {
    onData() {},
    onEnd: () => stream.destroy(),
    onDrain() {},
    onClosed() {},
  };
  const { isCauseShown, clock } = context.proxy;
  const response = errorResponse(cause, isCauseShown, clock);
  if (response !== null) {
    stream.writeText(closingText(response));
    context.onRefused(cause, response.status, plainAddress(stream.remoteAddress), response.body.length);
  }
  stream.end();
  // The client reads the answer and closes; one that does not is cut.
  const deadline = new Deadline(context.proxy.deadlines, () => stream.destroy());
  deadline.set(refusalTimeoutMs);
}
