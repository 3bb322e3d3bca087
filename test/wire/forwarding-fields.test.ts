/**
 * X-Forwarded-*, X-Real-IP and Forwarded: what strangers say about themselves is overwritten, what
 * trusted proxies say is believed and appended to.
 */
import assert from "node:assert/strict";
import { startRig, testOverTransports } from "../support/rig.ts";

const all = {
  xForwardedFor: true,
  xForwardedProto: true,
  xForwardedHost: true,
  xForwardedPort: true,
  xRealIp: true,
  forwarded: true,
};
const claims =
  "X-Forwarded-For: 203.0.113.9, 10.0.0.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: shop.test\r\n" +
  "X-Forwarded-Port: 443\r\nX-Real-IP: 6.6.6.6\r\nForwarded: for=203.0.113.9;proto=https\r\n";

const cases: readonly {
  readonly name: string;
  readonly trusted: readonly string[];
  readonly sent: string;
  /** Field lines that the origin gets, the listener's port written as PORT. */
  readonly seen: readonly string[];
}[] = [
  {
    name: "a client that claims nothing",
    trusted: [],
    sent: "",
    seen: [
      "X-Real-IP: 127.0.0.1",
      "X-Forwarded-For: 127.0.0.1",
      "X-Forwarded-Proto: http",
      "X-Forwarded-Host: a:81",
      "X-Forwarded-Port: PORT",
      'Forwarded: for=127.0.0.1;host="a:81";proto=http',
    ],
  },
  {
    name: "a stranger's claims are overwritten",
    trusted: ["10.0.0.0/8"],
    sent: claims,
    seen: [
      "X-Real-IP: 127.0.0.1",
      "X-Forwarded-For: 127.0.0.1",
      "X-Forwarded-Proto: http",
      "X-Forwarded-Host: a:81",
      "X-Forwarded-Port: PORT",
      'Forwarded: for=127.0.0.1;host="a:81";proto=http',
    ],
  },
  {
    name: "a trusted proxy's claims are believed and appended to",
    trusted: ["127.0.0.0/8", "10.0.0.0/8"],
    sent: claims,
    seen: [
      "X-Real-IP: 203.0.113.9",
      "X-Forwarded-For: 203.0.113.9, 10.0.0.1, 127.0.0.1",
      "X-Forwarded-Proto: https",
      "X-Forwarded-Host: shop.test",
      "X-Forwarded-Port: 443",
      'Forwarded: for=203.0.113.9;proto=https, for=127.0.0.1;host="a:81";proto=http',
    ],
  },
  {
    name: "the client is the nearest hop that is not trusted, not the leftmost",
    trusted: ["127.0.0.1"],
    sent: "X-Forwarded-For: 6.6.6.6, 203.0.113.9\r\n",
    seen: ["X-Real-IP: 203.0.113.9", "X-Forwarded-For: 6.6.6.6, 203.0.113.9, 127.0.0.1"],
  },
  {
    name: "a trusted proxy that claims nothing is the client",
    trusted: ["127.0.0.1"],
    sent: "",
    seen: ["X-Real-IP: 127.0.0.1", "X-Forwarded-For: 127.0.0.1", "X-Forwarded-Proto: http"],
  },
  {
    name: "what is no address in the chain ends the walk",
    trusted: ["127.0.0.1", "10.0.0.0/8"],
    sent: "X-Forwarded-For: 203.0.113.9, unknown, 10.0.0.1\r\n",
    seen: ["X-Real-IP: 10.0.0.1", "X-Forwarded-For: 203.0.113.9, unknown, 10.0.0.1, 127.0.0.1"],
  },
  {
    name: "addresses with ports and in brackets are read",
    trusted: ["127.0.0.1", "10.0.0.0/8"],
    sent: "X-Forwarded-For: [2001:db8::1]:4711, 10.0.0.1:80\r\n",
    seen: ["X-Real-IP: 2001:db8::1", "X-Forwarded-For: [2001:db8::1]:4711, 10.0.0.1:80, 127.0.0.1"],
  },
  {
    name: "several lines are one list",
    trusted: ["127.0.0.1"],
    sent: "X-Forwarded-For: 203.0.113.9\r\nx-forwarded-for: 198.51.100.1\r\n",
    seen: ["X-Real-IP: 198.51.100.1", "X-Forwarded-For: 203.0.113.9, 198.51.100.1, 127.0.0.1"],
  },
  {
    name: "Connection cannot make a trusted proxy's claim vanish",
    trusted: ["127.0.0.1"],
    sent: "Connection: x-forwarded-for\r\nX-Forwarded-For: 203.0.113.9\r\n",
    seen: ["X-Real-IP: 203.0.113.9", "X-Forwarded-For: 203.0.113.9, 127.0.0.1"],
  },
];

for (const { name, trusted, sent, seen } of cases) {
  testOverTransports(`Forwarding fields: ${name}`, async (transport) => {
    await using rig = await startRig({
      transport,
      listener: { trustedProxies: [...trusted] },
      config: { forwarded: all },
    });
    const client = await rig.connect();
    client.send(`GET / HTTP/1.1\r\nHost: a:81\r\n${sent}\r\n`);
    await client.readResponse();
    const { head } = await rig.origin.awaitRequest();
    const lines = head.replaceAll(String(rig.proxy.port), "PORT").split("\r\n");
    for (const line of seen) assert.ok(lines.includes(line), `${line} is not in\n${lines.join("\n")}`);
    const names = lines.slice(1).map((line) => line.slice(0, line.indexOf(":")).toLowerCase());
    assert.deepEqual(
      names.filter((field, index) => field !== "" && names.indexOf(field) !== index),
      [],
    );
  });
}

testOverTransports("Forwarding fields that are switched off are removed all the same", async (transport) => {
  await using rig = await startRig({ transport });
  const client = await rig.connect();
  client.send(`GET / HTTP/1.1\r\nHost: a\r\n${claims}\r\n`);
  await client.readResponse();
  assert.deepEqual(rig.origin.seen, ["GET / HTTP/1.1\r\nHost: a\r\nVia: 1.1 gate\r\n\r\n"]);
});
