/**
 * NUL and its kin in a head (RFC 9110 §5.5): receivers cut strings at them, skip them or trust them,
 * each in its own way. Octets above 127 are only opaque.
 */
import { type WireCase, wireCases } from "../support/wire-cases.ts";
import { forwarded } from "../support/rig.ts";

function refused(name: string, send: string, cause: string): WireCase {
  return { name, send, client: [400], cause, stays: false };
}

wireCases("A control character is refused", [
  refused("NUL in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: one\0two\r\n\r\n", "bad-header"),
  refused("NUL in a name", "GET / HTTP/1.1\r\nHost: a\r\nX\0Y: z\r\n\r\n", "bad-header"),
  refused("NUL in the target", "GET /a\0b HTTP/1.1\r\nHost: a\r\n\r\n", "bad-request-line"),
  refused("NUL in the method", "GE\0T / HTTP/1.1\r\nHost: a\r\n\r\n", "bad-request-line"),
  refused("DEL in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: \x7f\r\n\r\n", "bad-header"),
  refused("DEL in the target", "GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n", "bad-request-line"),
  refused("escape in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: \x1b[2J\r\n\r\n", "bad-header"),
  refused("backspace in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: \b\r\n\r\n", "bad-header"),
  refused("an octet above 127 in a name", "GET / HTTP/1.1\r\nHost: a\r\nX\u00e9: y\r\n\r\n", "bad-header"),
  refused("an octet above 127 in the target", "GET /\u00e9 HTTP/1.1\r\nHost: a\r\n\r\n", "bad-request-line"),
]);

wireCases("Octets above 127 in a value", [
  {
    name: "pass unchanged, and nobody decodes them",
    send: "GET / HTTP/1.1\r\nHost: a\r\nX: \u00c3\u00a9\u00ff\u0080\r\n\r\n",
    origin: [forwarded("GET / HTTP/1.1", "a", ["X: \u00c3\u00a9\u00ff\u0080"])],
    client: [200],
    stays: true,
  },
]);
