/** OPTIONS *, TRACE and Max-Forwards (RFC 9110 §7.6.2, §9.3.7, §9.3.8). */
import assert from "node:assert/strict";
import { forwarded, startRig, testOverTransports } from "../support/rig.ts";
import { wireCases } from "../support/wire-cases.ts";

wireCases("Max-Forwards", [
  {
    name: "OPTIONS * passes",
    send: "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    origin: [forwarded("OPTIONS * HTTP/1.1", "a")],
    client: [200],
    stays: true,
  },
  {
    name: "0 makes OPTIONS end here",
    send: "OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n",
    client: [204],
    stays: true,
  },
  {
    name: "of OPTIONS is counted down",
    send: "OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 7\r\nX: y\r\n\r\n",
    origin: ["OPTIONS / HTTP/1.1\r\nHost: a\r\nX: y\r\nVia: 1.1 gate\r\nMax-Forwards: 6\r\n\r\n"],
    client: [200],
    stays: true,
  },
  {
    name: "of TRACE is counted down",
    send: "TRACE / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 1\r\n\r\n",
    origin: ["TRACE / HTTP/1.1\r\nHost: a\r\nVia: 1.1 gate\r\nMax-Forwards: 0\r\n\r\n"],
    client: [200],
    stays: true,
  },
  {
    name: "of any other method passes unchanged",
    send: "GET / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n",
    origin: [forwarded("GET / HTTP/1.1", "a", ["Max-Forwards: 0"])],
    client: [200],
    stays: true,
  },
  {
    name: "that is no number passes unchanged",
    send: "OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: -1\r\n\r\n",
    origin: [forwarded("OPTIONS / HTTP/1.1", "a", ["Max-Forwards: -1"])],
    client: [200],
    stays: true,
  },
  {
    name: "named by Connection counts all the same",
    send: "OPTIONS / HTTP/1.1\r\nHost: a\r\nConnection: max-forwards\r\nMax-Forwards: 3\r\n\r\n",
    origin: ["OPTIONS / HTTP/1.1\r\nHost: a\r\nVia: 1.1 gate\r\nMax-Forwards: 2\r\n\r\n"],
    client: [200],
    stays: true,
  },
  {
    name: "TRACE without it passes",
    send: "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n",
    origin: [forwarded("TRACE / HTTP/1.1", "a")],
    client: [200],
    stays: true,
  },
  {
    name: "TRACE with a body is refused",
    send: "TRACE / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
    client: [400],
    cause: "ambiguous-framing",
    stays: false,
  },
]);

testOverTransports(
  "TRACE that ends here is echoed without what could give secrets away",
  async (transport) => {
    await using rig = await startRig({ transport });
    const client = await rig.connect();
    client.send(
      "TRACE /p HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\nCookie: secret\r\nAuthorization: secret\r\nX: y\r\n\r\n",
    );
    const response = await client.readResponse();
    assert.equal(response.status, 200);
    assert.equal(response.header("content-type"), "message/http");
    assert.equal(response.body, "TRACE /p HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\nX: y\r\n\r\n");
    assert.equal(rig.origin.received, "");
  },
);
