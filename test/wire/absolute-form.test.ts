/** absolute-form (RFC 9112 §3.2.2): its authority wins over Host, and the origin gets origin-form. */
import { type WireCase, wireCases } from "../support/wire-cases.ts";
import { forwarded } from "../support/rig.ts";

function passed(
  name: string,
  target: string,
  seenTarget: string,
  seenHost: string,
  method = "GET",
): WireCase {
  return {
    name,
    send: `${method} ${target} HTTP/1.1\r\nHost: other.test\r\n\r\n`,
    origin: [forwarded(`${method} ${seenTarget} HTTP/1.1`, seenHost)],
    client: [200],
    stays: true,
  };
}

function refused(name: string, target: string, fields = "Host: a\r\n", cause = "bad-request-line"): WireCase {
  return { name, send: `GET ${target} HTTP/1.1\r\n${fields}\r\n`, client: [400], cause, stays: false };
}

wireCases("An absolute-form target", [
  passed("becomes a path, its host wins", "http://real.test/a/b?c=d", "/a/b?c=d", "real.test"),
  passed("keeps its port", "http://real.test:8080/", "/", "real.test:8080"),
  passed("without a path becomes the root", "http://real.test", "/", "real.test"),
  passed("with a query but no path gets a slash", "http://real.test?x=1", "/?x=1", "real.test"),
  passed("may be written in capitals", "HTTP://Real.Test/a", "/a", "Real.Test"),
  passed("may say https", "https://real.test/a", "/a", "real.test"),
  passed("of OPTIONS without a path becomes an asterisk", "http://real.test", "*", "real.test", "OPTIONS"),
  passed("may hold an IPv6 address", "http://[::1]:80/a", "/a", "[::1]:80"),
  refused("with a user is refused", "http://user@real.test/"),
  refused("with an empty host is refused", "http:///a"),
  refused("with an invalid host is refused", "http://a%20b\\c/", "Host: a\r\n", "bad-host"),
  refused("of another scheme is refused", "ftp://real.test/"),
  refused("does not excuse a missing Host", "http://real.test/", "", "bad-host"),
  refused("does not excuse an invalid Host", "http://real.test/", "Host: a b\r\n", "bad-host"),
  refused(
    "does not excuse two Hosts",
    "http://real.test/",
    "Host: real.test\r\nHost: real.test\r\n",
    "bad-host",
  ),
]);
