/**
 * Just enough HTTP/1 to tell where a message ends, for origins and clients under test. Written apart
 * from the code it helps to judge, and lenient: it reads what it is given and refuses nothing.
 */

export interface RawMessage {
  /** Start line and field lines, with the empty line. */
  readonly head: string;
  /** The body as on the wire, chunk framing included. */
  readonly wireBody: string;
  /** The body without framing. */
  readonly body: string;
  /** Field lines after the last chunk, each with CRLF. */
  readonly trailers: string;
  /** Head and body as on the wire. */
  readonly raw: string;
}

/** What the head alone says about the body. */
export type RawFraming = "none" | "chunked" | "until-close" | number;

export function headerOf(head: string, name: string): string | null {
  return new RegExp(`^${name}[ \\t]*:[ \\t]*(.*?)[ \\t]*\\r$`, "im").exec(head)?.[1] ?? null;
}

export function requestFramingOf(head: string): RawFraming {
  if (/chunked/i.test(headerOf(head, "transfer-encoding") ?? "")) return "chunked";
  return Number(headerOf(head, "content-length") ?? 0);
}

export function responseFramingOf(head: string, method: string): RawFraming {
  const status = Number(head.slice(9, 12));
  if (method === "HEAD" || status < 200 || status === 204 || status === 304) return "none";
  if (/chunked/i.test(headerOf(head, "transfer-encoding") ?? "")) return "chunked";
  const length = headerOf(head, "content-length");
  return length === null ? "until-close" : Number(length);
}

/**
 * The first message of `text`, or null while it is incomplete. `hasEnded` completes a body that runs
 * until the connection closes.
 */
export function takeMessage(
  text: string,
  framingOf: (head: string) => RawFraming,
  hasEnded: boolean,
): RawMessage | null {
  const start = text.indexOf("\r\n\r\n");
  if (start < 0) return null;
  const headEnd = start + 4;
  const head = text.slice(0, headEnd);
  const framing = framingOf(head);
  if (framing === "chunked") return takeChunked(text, head, headEnd);
  if (framing === "until-close" && !hasEnded) return null;
  const length = framing === "none" ? 0 : framing === "until-close" ? text.length - headEnd : framing;
  if (text.length < headEnd + length) return null;
  const body = text.slice(headEnd, headEnd + length);
  return { head, wireBody: body, body, trailers: "", raw: head + body };
}

function takeChunked(text: string, head: string, headEnd: number): RawMessage | null {
  let pos = headEnd;
  let body = "";
  for (;;) {
    const lineEnd = text.indexOf("\r\n", pos);
    if (lineEnd < 0) return null;
    const size = Number.parseInt(text.slice(pos, lineEnd), 16);
    pos = lineEnd + 2;
    if (size === 0) break;
    if (text.length < pos + size + 2) return null;
    body += text.slice(pos, pos + size);
    pos += size + 2;
  }
  const end = text.startsWith("\r\n", pos) ? pos : text.indexOf("\r\n\r\n", pos) + 2;
  if (end < pos) return null;
  const wireBody = text.slice(headEnd, end + 2);
  return { head, wireBody, body, trailers: text.slice(pos, end), raw: head + wireBody };
}
