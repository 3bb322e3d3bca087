/** Listeners that send everybody to HTTPS. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { startRig } from "../support/rig.ts";

const redirects: readonly (readonly [request: string, port: number | true, expected: RegExp])[] = [
  [
    "GET /a?b=c HTTP/1.1\r\nHost: Example.test:8080",
    true,
    /^HTTP\/1\.1 301 .*\r\nLocation: https:\/\/example\.test\/a\?b=c\r\n/s,
  ],
  [
    "GET / HTTP/1.1\r\nHost: example.test",
    8443,
    /^HTTP\/1\.1 301 .*\r\nLocation: https:\/\/example\.test:8443\/\r\n/s,
  ],
  [
    "POST /form HTTP/1.1\r\nHost: example.test\r\nContent-Length: 0",
    true,
    /^HTTP\/1\.1 308 .*\r\nLocation: https:\/\/example\.test\/form\r\n/s,
  ],
  [
    "OPTIONS * HTTP/1.1\r\nHost: example.test",
    true,
    /^HTTP\/1\.1 308 .*\r\nLocation: https:\/\/example\.test\/\r\n/s,
  ],
  ["GET / HTTP/1.0", true, /^HTTP\/1\.1 400 /],
];

for (const [request, port, expected] of redirects) {
  test(`A listener redirects to HTTPS: ${request.split("\r\n")[0]}, port ${port}`, async () => {
    await using rig = await startRig({ listener: { redirectToHttps: port } });
    const client = await rig.connect();
    client.send(`${request}\r\n\r\n`);
    const { raw } = await client.readResponse();
    assert.match(raw, expected);
    assert.equal(rig.origin.connections.length, 0);
  });
}
