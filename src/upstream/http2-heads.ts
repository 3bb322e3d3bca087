/** Heads towards endpoints in HTTP/2's form, and the two forms of a WebSocket's beginning (RFC 8441 and 6455). */
import { createHash } from "node:crypto";
import type { ResponseHead } from "../http1/response-head.ts";
import { encodeContentLength, encodeField, encodeLines } from "../http2/hpack-encoder.ts";
import { withoutHandshake } from "../http2/message-text.ts";
import type { OutgoingRequest } from "./upstream-stream.ts";

/** The header block of a request. */
export function requestBlock(request: OutgoingRequest, isSecure: boolean): string {
  const { method, target, host, body } = request;
  let block = pseudoFields(method, target, host, isSecure) + encodeLines(request.fieldLines);
  if (body.kind === "length") block += encodeContentLength(body.bytes);
  if (request.isTrailersAccepted) block += encodeField("te", "trailers");
  return block;
}

export function isWebSocket({ upgrade }: Pick<OutgoingRequest, "upgrade">): boolean {
  return upgrade !== "" && upgrade.toLowerCase() === "websocket";
}

const keyLine = /^sec-websocket-key:[ \t]*(.*?)[ \t]*\r\n/im;

/** The block of an extended CONNECT, and the key that the client wants an answer to. */
export function connectBlock(request: OutgoingRequest, isSecure: boolean): { block: string; key: string } {
  const key = keyLine.exec(request.fieldLines)?.[1] ?? "";
  const pseudo =
    pseudoFields("CONNECT", request.target, request.host, isSecure) + encodeField(":protocol", "websocket");
  return { block: pseudo + encodeLines(request.fieldLines.replace(keyLine, "")), key };
}

/** The 101 that HTTP/1.1 would have brought. */
export function upgradeText(head: ResponseHead, key: string): string {
  const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  const lines = `connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: ${accept}\r\n`;
  return `HTTP/1.1 101 Switching Protocols\r\n${lines}${withoutHandshake(head.fields.forwardable)}\r\n`;
}

function pseudoFields(method: string, target: string, host: string, isSecure: boolean): string {
  const scheme = isSecure ? schemeHttps : schemeHttp;
  return (
    encodeField(":method", method) + scheme + encodeField(":authority", host) + encodeField(":path", target)
  );
}

const schemeHttp = encodeField(":scheme", "http");
const schemeHttps = encodeField(":scheme", "https");
