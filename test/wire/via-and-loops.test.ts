/** Via (RFC 9110 §7.6.3): appended to, and counted, so that a request that goes in circles ends. */
import assert from "node:assert/strict";
import { testOverTransports } from "../support/rig.ts";
import { startProxy } from "../support/start-proxy.ts";
import { connectRaw } from "../support/raw-client.ts";
import { wireCases } from "../support/wire-cases.ts";

const hops = (count: number): string => Array.from({ length: count }, () => "1.1 gate").join(", ");

wireCases("Via", [
  {
    name: "is appended to, several lines becoming one list",
    send: "GET / HTTP/1.1\r\nHost: a\r\nVia: 1.0 one\r\nVia: HTTP/2 two (comment), 1.1 three:80\r\n\r\n",
    origin: [
      "GET / HTTP/1.1\r\nHost: a\r\nVia: 1.0 one, HTTP/2 two (comment), 1.1 three:80, 1.1 gate\r\n\r\n",
    ],
    client: [200],
    stays: true,
  },
  {
    name: "may name this proxy a few times",
    send: `GET / HTTP/1.1\r\nHost: a\r\nVia: ${hops(9)}\r\n\r\n`,
    origin: [`GET / HTTP/1.1\r\nHost: a\r\nVia: ${hops(10)}\r\n\r\n`],
    client: [200],
    stays: true,
  },
  {
    name: "that names this proxy too often is a loop",
    send: `GET / HTTP/1.1\r\nHost: a\r\nVia: ${hops(10)}\r\n\r\n`,
    client: [508],
    cause: "proxy-loop",
    stays: true,
  },
]);

testOverTransports("A proxy that is its own endpoint ends the loop by itself", async (transport) => {
  const proxy = await startProxy({ transport, origins: [1] });
  try {
    // Its port is known only once it listens.
    await proxy.apply({ origins: [proxy.port] });
    const client = await connectRaw(proxy.port);
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    const response = await client.readResponse();
    client.destroy();
    assert.equal(response.status, 508);
    assert.equal(response.header("headgate-cause"), "proxy-loop");
    assert.equal(proxy.records.length, 11);
  } finally {
    await proxy.close();
  }
});
