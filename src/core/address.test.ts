import assert from "node:assert/strict";
import { test } from "node:test";
import {
  formatBindAddress,
  isHostName,
  isIp,
  isLocalName,
  parseBindAddress,
  parseEndpointUrl,
} from "./address.ts";

const binds: readonly (readonly [string, unknown])[] = [
  [":8080", { kind: "tcp", host: null, port: 8080 }],
  ["*:80", { kind: "tcp", host: null, port: 80 }],
  ["127.0.0.1:0", { kind: "tcp", host: "127.0.0.1", port: 0 }],
  ["[::]:80", { kind: "tcp", host: "::", port: 80 }],
  ["[::1]:65535", { kind: "tcp", host: "::1", port: 65_535 }],
  ["localhost:80", { kind: "tcp", host: "localhost", port: 80 }],
  ["unix:/run/x.sock", { kind: "unix", path: "/run/x.sock" }],
];

for (const [text, address] of binds) {
  test(`a listener may stand on ${text}`, () => assert.deepEqual(parseBindAddress(text), address));
}

const badBinds: readonly (readonly [string, string | null])[] = [
  ["8080", ":8080"],
  ["127.0.0.1", "127.0.0.1:8080"],
  ["http://localhost:80/x", "localhost:80"],
  ["::1:80", "[::1]:80"],
  [":65536", null],
  [":-1", null],
  [":http", null],
  ["unix:run/x.sock", null],
  ["[127.0.0.1]:80", null],
  ["[::g]:80", null],
  ["a b:80", null],
  ["", ":8080"],
];

for (const [text, fix] of badBinds) {
  test(`'${text}' is no address for a listener${fix === null ? "" : `, ${fix} would be`}`, () => {
    const result = parseBindAddress(text);
    assert.ok("problem" in result);
    assert.equal(result.fix, fix);
    if (fix !== null) assert.ok(!("problem" in parseBindAddress(fix)));
  });
}

test("a bind address is written back in one spelling", () => {
  for (const [text, written] of [
    ["*:80", ":80"],
    [":80", ":80"],
    ["[::1]:80", "[::1]:80"],
    ["unix:/a", "unix:/a"],
  ] as const) {
    const address = parseBindAddress(text);
    assert.ok(!("problem" in address));
    assert.equal(formatBindAddress(address), written);
  }
});

const endpoints: readonly (readonly [string, Record<string, unknown>])[] = [
  [
    "http://10.0.0.1:8081",
    {
      scheme: "http",
      kind: "ip",
      host: "10.0.0.1",
      port: 8081,
      name: "10.0.0.1:8081",
      authority: "10.0.0.1:8081",
    },
  ],
  ["http://10.0.0.1/", { scheme: "http", port: 80, name: "10.0.0.1:80", authority: "10.0.0.1" }],
  [
    "HTTPS://App.Example.com",
    {
      scheme: "https",
      kind: "name",
      host: "app.example.com",
      port: 443,
      name: "app.example.com:443",
      authority: "app.example.com",
    },
  ],
  ["https://app.example.com:80", { port: 80, authority: "app.example.com:80" }],
  ["http://[::1]:8081", { kind: "ip", host: "::1", name: "[::1]:8081", authority: "[::1]:8081" }],
  ["http://[::1]", { authority: "[::1]", port: 80 }],
  ["http://my_service:80", { kind: "name", host: "my_service" }],
  [
    "unix:/run/app.sock",
    {
      scheme: "http",
      kind: "unix",
      socketPath: "/run/app.sock",
      port: 0,
      name: "unix:/run/app.sock",
      authority: "localhost",
    },
  ],
  [
    "unix:/run/app.sock:app.example",
    { socketPath: "/run/app.sock", host: "app.example", name: "unix:/run/app.sock" },
  ],
  ["unix:///run/app.sock", { socketPath: "/run/app.sock" }],
];

for (const [text, expected] of endpoints) {
  test(`${text} is an endpoint`, () => {
    const address = parseEndpointUrl(text);
    assert.deepEqual({ ...address, ...expected }, address);
    assert.ok(!("problem" in address));
  });
}

const badEndpoints: readonly (readonly [string, string | null])[] = [
  ["10.0.0.1:8081", "http://10.0.0.1:8081"],
  ["//app:80", "http://app:80"],
  ["http://a/b", "http://a"],
  ["http://a?b", "http://a"],
  ["ftp://a", null],
  ["http://", null],
  ["http://:80", null],
  ["http://a:0", null],
  ["http://a:99999", null],
  ["http://user@a", null],
  ["http://1.2.3.999", null],
  ["http://-a", null],
  ["unix:app.sock", null],
  ["unix:/a:b c", null],
  ["", null],
  ["what is this", null],
];

for (const [text, fix] of badEndpoints) {
  test(`'${text}' is no endpoint${fix === null ? "" : `, ${fix} would be`}`, () => {
    const result = parseEndpointUrl(text);
    assert.ok("problem" in result, JSON.stringify(result));
    assert.equal(result.fix, fix);
  });
}

test("what is an IP address, a host's name, a name of this machine", () => {
  assert.deepEqual(
    ["10.0.0.1", "::", "::ffff:10.0.0.1", "10.0.0", "010.0.0.1", "fe80::1%eth0", "a"].map(isIp),
    [true, true, true, false, false, false, false],
  );
  assert.deepEqual(["a", "a.b.", "a-b_c", "1.2.3.4", "a..b", "-a", "a".repeat(64), ""].map(isHostName), [
    true,
    true,
    true,
    false,
    false,
    false,
    false,
    false,
  ]);
  assert.deepEqual(["localhost", "app.localhost", "localhost.com"].map(isLocalName), [true, true, false]);
});
