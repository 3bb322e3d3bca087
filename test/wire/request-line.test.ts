/**
 * request-line = method SP target SP version CRLF with single spaces and nothing else (RFC 9112 §3).
 */
import { type WireCase, wireCases } from "../support/wire-cases.ts";
import { forwarded } from "../support/rig.ts";

function refused(name: string, line: string, status = 400, cause = "bad-request-line"): WireCase {
  return { name, send: `${line}\r\nHost: a\r\n\r\n`, client: [status], cause, stays: false };
}

function passed(name: string, line: string): WireCase {
  return {
    name,
    send: `${line}\r\nHost: a\r\n\r\n`,
    origin: [forwarded(line, "a")],
    client: [200],
    stays: true,
  };
}

wireCases("A malformed request line is refused", [
  refused("a space in the target", "GET /a b HTTP/1.1"),
  refused("a tab for a space", "GET\t/ HTTP/1.1"),
  refused("two spaces after the method", "GET  / HTTP/1.1"),
  refused("two spaces before the version", "GET /  HTTP/1.1"),
  refused("a space at the end", "GET / HTTP/1.1 "),
  refused("no version, as in HTTP/0.9", "GET /"),
  refused("no target", "GET HTTP/1.1"),
  refused("nothing but a word", "HELLO"),
  refused("a lower-case version", "GET / http/1.1"),
  refused("a version without its dot", "GET / HTTP/11"),
  refused("a version of two digits", "GET / HTTP/1.10"),
  refused("another protocol", "GET / RTSP/1.0"),
  refused("a fragment in the target", "GET /a#b HTTP/1.1"),
  refused("a target that is neither path nor URL", "GET a/b HTTP/1.1"),
  refused("a method that is no token", "GE(T / HTTP/1.1"),
  refused("an asterisk for anything but OPTIONS", "GET * HTTP/1.1"),
  refused("HTTP/2.0", "GET / HTTP/2.0", 505, "unsupported-version"),
  refused("HTTP/1.2", "GET / HTTP/1.2", 505, "unsupported-version"),
  refused("HTTP/0.9 spelled out", "GET / HTTP/0.9", 505, "unsupported-version"),
  {
    name: "a TLS handshake, at once and not after a timeout",
    send: "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    client: [400],
    cause: "bad-request-line",
    stays: false,
  },
]);

wireCases("An odd but valid request line passes unchanged", [
  passed("an unknown method", "PURGE-ALL!#$%&'*+-.^_`|~9 / HTTP/1.1"),
  passed("a lower-case method, which is another method", "get / HTTP/1.1"),
  passed(
    "every punctuation a target may carry",
    "GET /a;b=c/d%20e/%2F..//./?q=[1]&r={2}|\\\"<>^`'*()!$,@:~ HTTP/1.1",
  ),
  passed("two slashes at the start", "GET //host/path HTTP/1.1"),
  passed("dot segments, which are the origin's to resolve", "GET /a/../b HTTP/1.1"),
  passed("a query alone behind the slash", "GET /? HTTP/1.1"),
]);

wireCases(
  "The preface of HTTP/2 is refused",
  [
    {
      name: "where HTTP/2 is not served without TLS",
      send: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      client: [505],
      cause: "unsupported-version",
      stays: false,
    },
  ],
  { listener: { http2: { cleartext: false } } },
);

wireCases("The preface of HTTP/2 is refused", [
  {
    name: "behind a request, where no connection begins",
    send: "GET / HTTP/1.1\r\nHost: a\r\n\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    origin: [forwarded("GET / HTTP/1.1", "a")],
    client: [200, 505],
    cause: "unsupported-version",
    stays: false,
  },
]);
