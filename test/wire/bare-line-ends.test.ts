/**
 * A line ends with CRLF (RFC 9112 §2.2). A bare LF or CR is a line end to some receivers and a
 * character to others, so neither is accepted anywhere in a request.
 */
import { type WireCase, wireCases } from "../support/wire-cases.ts";

function refused(name: string, send: string | readonly string[], cause = "bad-header"): WireCase {
  return { name, send, client: [400], cause, stays: false };
}

wireCases("A bare line end is refused", [
  refused("LF after the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", "bad-request-line"),
  refused("LF after a field", "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n"),
  refused("LF everywhere", "GET / HTTP/1.1\nHost: a\n\n", "bad-request-line"),
  refused("LF as the empty line", "GET / HTTP/1.1\r\nHost: a\r\n\nGET /x HTTP/1.1\r\n\r\n"),
  refused(
    "LF LF inside, hiding a second request",
    "GET / HTTP/1.1\r\nHost: a\n\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n",
  ),
  refused("LF everywhere, byte by byte", "GET / HTTP/1.1\nHost: a\n\n".split(""), "bad-request-line"),
  refused("CR after the request line", "GET / HTTP/1.1\rHost: a\r\n\r\n", "bad-request-line"),
  refused("CR inside a value", "GET / HTTP/1.1\r\nHost: a\r\nX: one\rtwo\r\n\r\n"),
  refused("CR before CRLF", "GET / HTTP/1.1\r\nHost: a\r\nX: one\r\r\n\r\n"),
  refused("CR CR LF as the empty line", "GET / HTTP/1.1\r\nHost: a\r\n\r\r\n\r\n"),
  refused("CR inside a name", "GET / HTTP/1.1\r\nHost: a\r\nX\rY: z\r\n\r\n"),
]);
