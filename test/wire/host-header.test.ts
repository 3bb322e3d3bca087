/** Host: exactly one and valid in HTTP/1.1, at most one in 1.0 (RFC 9112 §3.2); origins get it first. */
import assert from "node:assert/strict";
import { type WireCase, wireCases } from "../support/wire-cases.ts";
import { forwarded, startRig, testOverTransports } from "../support/rig.ts";

function refused(name: string, fields: string, version = "1.1"): WireCase {
  return {
    name,
    send: `GET / HTTP/${version}\r\n${fields}\r\n`,
    client: [400],
    cause: "bad-host",
    stays: false,
  };
}

function passed(host: string): WireCase {
  return {
    name: `${host} passes`,
    send: `GET / HTTP/1.1\r\nAccept: */*\r\nhOsT:${host}\r\n\r\n`,
    origin: [forwarded("GET / HTTP/1.1", host, ["Accept: */*"])],
    client: [200],
    stays: true,
  };
}

wireCases("Host", [
  refused("missing is refused", "Accept: */*\r\n"),
  refused("empty is refused", "Host:\r\n"),
  refused("twice is refused", "Host: a\r\nHost: b\r\n"),
  refused("twice the same is refused", "Host: a\r\nHost: a\r\n"),
  refused("twice in HTTP/1.0 is refused", "Host: a\r\nHost: b\r\n", "1.0"),
  refused("with a space inside is refused", "Host: a b\r\n"),
  refused("with a path is refused", "Host: a/b\r\n"),
  refused("with a user is refused", "Host: u@a\r\n"),
  refused("with a list is refused", "Host: a, b\r\n"),
  refused("with a port that is no number is refused", "Host: a:80x\r\n"),
  refused("with an IPv6 address lacking brackets is refused", "Host: ::1\r\n"),
  refused("with an octet above 127 is refused", "Host: \u00e9.test\r\n"),
  refused("with a quote is refused", 'Host: "a"\r\n'),
  passed("example.test"),
  passed("example.test:8080"),
  passed("EXAMPLE.Test."),
  passed("192.0.2.7:1"),
  passed("[2001:db8::1]:443"),
  passed("a_b-c~d.test"),
  {
    name: "named by Connection is not removed",
    send: "GET / HTTP/1.1\r\nHost: a\r\nConnection: host\r\n\r\n",
    origin: [forwarded("GET / HTTP/1.1", "a")],
    client: [200],
    stays: true,
  },
]);

wireCases(
  "An endpoint's own Host",
  [
    {
      name: "replaces the client's",
      send: "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
      origin: [forwarded("GET / HTTP/1.1", "site.example")],
      client: [200],
      stays: false,
    },
  ].map((wireCase) => ({
    ...wireCase,
    send: wireCase.send.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"),
  })),
  {
    pool: { hostHeader: "site.example" },
  },
);

testOverTransports("An HTTP/1.0 request without Host gets the endpoint's address", async (transport) => {
  await using rig = await startRig({ transport });
  const client = await rig.connect();
  client.send("GET / HTTP/1.0\r\n\r\n");
  assert.equal((await client.readResponse()).status, 200);
  assert.deepEqual(rig.origin.seen, [
    `GET / HTTP/1.1\r\nHost: 127.0.0.1:${rig.origin.port}\r\nVia: 1.0 gate\r\n\r\n`,
  ]);
});
