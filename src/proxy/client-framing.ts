/** How a response's body is framed towards an HTTP/1 client, and the text of its head. */
import type { BodyFraming } from "../http1/framing.ts";

export type FramingKind = BodyFraming["kind"];

/** A 1.0 client knows no chunks: a body of unknown length ends with its connection. */
export function clientFraming(body: BodyFraming, versionMinor: 0 | 1): FramingKind {
  if (body.kind !== "chunked" && body.kind !== "until-close") return body.kind;
  return versionMinor === 1 ? "chunked" : "until-close";
}

/** `connectionLine` is a whole line with CRLF, or "". */
export function headText(
  status: number,
  reason: string,
  fieldLines: string,
  body: BodyFraming,
  framing: FramingKind,
  connectionLine: string,
): string {
  const framingLine =
    body.kind === "length"
      ? `Content-Length: ${body.bytes}\r\n`
      : framing === "chunked"
        ? "Transfer-Encoding: chunked\r\n"
        : "";
  return `HTTP/1.1 ${status} ${reason}\r\n${fieldLines}${framingLine}${connectionLine}\r\n`;
}
