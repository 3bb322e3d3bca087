import assert from "node:assert/strict";
import { test } from "node:test";
import { buildCidrSet } from "../core/cidr.ts";
import { HeadReader } from "../http1/head-reader.ts";
import type { RequestHead } from "../http1/request-head.ts";
import { clientOf, forwardingLines, type Peer, plainAddress } from "./forwarding.ts";

function headOf(lines: readonly string[], host = "a"): RequestHead {
  const reader = new HeadReader({ headBytesMax: 10_000, headerCountMax: 100, targetBytesMax: 1000 });
  const text = Buffer.from([`GET / HTTP/1.1`, `Host: ${host}`, ...lines, "", ""].join("\r\n"), "latin1");
  reader.read(text, 0, text.length);
  assert.ok(reader.head !== null, reader.fault ?? "");
  return reader.head;
}

const peer: Peer = { address: "10.0.0.1", port: 4711, localPort: 443, isSecure: true, isTrusted: true };
const settings = {
  trusted: buildCidrSet(["10.0.0.0/8", "2001:db8::/32", "unix:"]),
  fields: {
    xForwardedFor: true,
    xForwardedProto: true,
    xForwardedHost: true,
    xForwardedPort: true,
    xRealIp: true,
    forwarded: true,
  },
  viaName: "gate",
};

test("a secure connection is told as such", () => {
  const lines = forwardingLines(headOf([]), peer, settings);
  assert.match(lines, /^X-Forwarded-Proto: https\r$/m);
  assert.match(lines, /^X-Forwarded-Port: 443\r$/m);
  assert.match(lines, /^Forwarded: for=10\.0\.0\.1;host=a;proto=https\r$/m);
});

test("IPv6 is quoted and bracketed in Forwarded, bare elsewhere", () => {
  const lines = forwardingLines(headOf([], "[::1]:80"), { ...peer, address: "2001:db8::1" }, settings);
  assert.match(lines, /^X-Forwarded-For: 2001:db8::1\r$/m);
  assert.match(lines, /^Forwarded: for="\[2001:db8::1\]";host="\[::1\]:80";proto=https\r$/m);
});

test("a client on a unix socket has no address and no port to tell", () => {
  const lines = forwardingLines(headOf([]), { ...peer, address: "unix:", port: 0, localPort: 0 }, settings);
  assert.match(lines, /^Forwarded: for=unknown;host=a;proto=https\r$/m);
  assert.doesNotMatch(lines, /X-Forwarded-Port/);
});

test("every line can be left out", () => {
  const none = {
    xForwardedFor: false,
    xForwardedProto: false,
    xForwardedHost: false,
    xForwardedPort: false,
    xRealIp: false,
    forwarded: false,
  };
  assert.equal(forwardingLines(headOf([]), peer, { ...settings, fields: none, viaName: null }), "");
  assert.equal(
    forwardingLines(headOf(["Via: 1.1 x"]), peer, { ...settings, fields: none, viaName: null }),
    "Via: 1.1 x\r\n",
  );
});

test("the client is the nearest hop that is not trusted", () => {
  const cases: readonly (readonly [chain: string, isTrusted: boolean, client: string])[] = [
    ["203.0.113.9", true, "203.0.113.9"],
    ["203.0.113.9", false, "10.0.0.1"],
    ["6.6.6.6, 203.0.113.9, 10.0.0.2", true, "203.0.113.9"],
    ["10.0.0.3, 10.0.0.2", true, "10.0.0.3"],
    ["203.0.113.9:80, 10.0.0.2", true, "203.0.113.9"],
    ["[2001:db9::1]:80", true, "2001:db9::1"],
    ["::ffff:203.0.113.9", true, "203.0.113.9"],
    ["203.0.113.9, nonsense", true, "10.0.0.1"],
    ["203.0.113.9,", true, "10.0.0.1"],
  ];
  for (const [chain, isTrusted, client] of cases) {
    const { fields } = headOf([`X-Forwarded-For: ${chain}`]);
    assert.equal(clientOf(fields, { ...peer, isTrusted }, settings), client, chain);
  }
});

test("an IPv4 address is told without its IPv6 disguise", () => {
  assert.equal(plainAddress("::ffff:10.0.0.1"), "10.0.0.1");
  assert.equal(plainAddress("::ffff:a00:1"), "::ffff:a00:1");
  assert.equal(plainAddress("10.0.0.1"), "10.0.0.1");
});
