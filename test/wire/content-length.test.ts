/**
 * Content-Length in requests: digits only, once, below 2^53 (RFC 9112 §6.3 rules 5 and 6). Repeated
 * ones are refused even when they agree.
 */
import { type WireCase, wireCases } from "../support/wire-cases.ts";
import { forwarded } from "../support/rig.ts";

function refused(name: string, lines: string): WireCase {
  return {
    name,
    send: `POST / HTTP/1.1\r\nHost: a\r\n${lines}\r\n\r\nabcdef`,
    client: [400],
    cause: "ambiguous-framing",
    stays: false,
  };
}

wireCases("An invalid or repeated Content-Length is refused", [
  refused("two that differ", "Content-Length: 3\r\nContent-Length: 6"),
  refused("two that agree", "Content-Length: 6\r\nContent-Length: 6"),
  refused("a list that differs", "Content-Length: 3, 6"),
  refused("a list that agrees", "Content-Length: 6, 6"),
  refused("a plus sign", "Content-Length: +6"),
  refused("a minus sign", "Content-Length: -6"),
  refused("hexadecimal", "Content-Length: 0x6"),
  refused("a fraction", "Content-Length: 6.0"),
  refused("an exponent", "Content-Length: 6e0"),
  refused("a space inside", "Content-Length: 6 6"),
  refused("letters behind", "Content-Length: 6abc"),
  refused("an underscore inside", "Content-Length: 1_0"),
  refused("nothing", "Content-Length:"),
  refused("2^53", "Content-Length: 9007199254740992"),
  refused("2^64 + 6, which wraps round to 6", "Content-Length: 18446744073709551622"),
  refused("digits beyond ASCII", "Content-Length: \u00b2"),
]);

wireCases("A valid Content-Length passes", [
  {
    name: "and its body with it",
    send: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabcdef",
    origin: [forwarded("POST / HTTP/1.1", "a", [], ["Content-Length: 6"], "abcdef")],
    client: [200],
    cause: null,
    stays: true,
  },
  {
    name: "zero is passed on as such",
    send: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
    origin: [forwarded("POST / HTTP/1.1", "a", [], ["Content-Length: 0"])],
    client: [200],
    cause: null,
    stays: true,
  },
  {
    name: "leading zeros are written anew",
    send: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0006\r\n\r\nabcdef",
    origin: [forwarded("POST / HTTP/1.1", "a", [], ["Content-Length: 6"], "abcdef")],
    client: [200],
    cause: null,
    stays: true,
  },
  {
    name: "on a GET too",
    send: "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
    origin: [forwarded("GET / HTTP/1.1", "a", [], ["Content-Length: 3"], "abc")],
    client: [200],
    cause: null,
    stays: true,
  },
  {
    name: "a body that looks like a request stays a body",
    send: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 27\r\n\r\nGET /x HTTP/1.1\r\nHost: b\r\n\r\n".replace(
      "27",
      "28",
    ),
    origin: [
      forwarded("POST / HTTP/1.1", "a", [], ["Content-Length: 28"], "GET /x HTTP/1.1\r\nHost: b\r\n\r\n"),
    ],
    client: [200],
    cause: null,
    stays: true,
  },
]);
