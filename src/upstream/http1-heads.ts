/** What HTTP/1.1 heads towards an endpoint say about the connection: what is written, and what is made of the answer. */
import { listHasToken } from "../http1/characters.ts";
import type { BodyFraming } from "../http1/framing.ts";
import type { ResponseHead } from "../http1/response-head.ts";
import type { OutgoingRequest } from "./upstream-stream.ts";

/** May the connection carry another request after this response (RFC 9112 §9.3)? */
export function keepsAlive(head: ResponseHead): boolean {
  const { connection } = head.fields;
  if (connection === "") return head.versionMinor === 1;
  if (listHasToken(connection, "close")) return false;
  return head.versionMinor === 1 || listHasToken(connection, "keep-alive");
}

/** Server-sent events have no length; what has one is not looked at. */
export function isEventStream({ fields }: ResponseHead, body: BodyFraming): boolean {
  if (body.kind === "length" || body.kind === "none") return false;
  // Found at once or, for nearly all responses, not at all.
  if (!fields.section.includes("/event-stream")) return false;
  return /^text\/event-stream\s*(?:;|$)/i.test(fields.get("content-type") ?? "");
}

/** What an answer that is not HTTP/1 looks like: the commonest mistakes in a pool have a name. */
export function otherProtocol(text: string): string {
  if (/^\0\0.\x04/s.test(text)) return "HTTP/2, not HTTP/1";
  return /^[\x15\x16]\x03/.test(text) ? "TLS, not HTTP/1" : "not HTTP/1";
}

/** The head as it goes on the wire. */
export function requestHeadText(request: OutgoingRequest): string {
  let text = `${request.method} ${request.target} HTTP/1.1\r\nHost: ${request.host}\r\n${request.fieldLines}`;
  if (request.body.kind === "length") text += `Content-Length: ${request.body.bytes}\r\n`;
  else if (request.body.kind === "chunked") text += "Transfer-Encoding: chunked\r\n";
  if (request.upgrade !== "") text += `Connection: Upgrade\r\nUpgrade: ${request.upgrade}\r\n`;
  else if (request.isTrailersAccepted) text += "Connection: TE\r\nTE: trailers\r\n";
  return `${text}\r\n`;
}
