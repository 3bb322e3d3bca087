/**
 * Whitespace between a field name and its colon (RFC 9112 §5.1): refused in a request, because some
 * receivers take the name with the space for another name; removed from a response.
 */
import assert from "node:assert/strict";
import { forwarded, startRig, testOverTransports } from "../support/rig.ts";
import { wireCases } from "../support/wire-cases.ts";

wireCases("A blank before the colon", [
  {
    name: "in a request is refused",
    send: "GET / HTTP/1.1\r\nHost: a\r\nX-Name : v\r\n\r\n",
    client: [400],
    cause: "bad-header",
    stays: false,
  },
  {
    name: "of Content-Length is refused",
    send: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 3\r\n\r\nabc",
    client: [400],
    cause: "bad-header",
    stays: false,
  },
  {
    name: "of Host is refused",
    send: "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
    client: [400],
    cause: "bad-header",
    stays: false,
  },
  {
    name: "a line without a name is refused",
    send: "GET / HTTP/1.1\r\nHost: a\r\n: v\r\n\r\n",
    client: [400],
    cause: "bad-header",
    stays: false,
  },
  {
    name: "a line without a colon is refused",
    send: "GET / HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n",
    client: [400],
    cause: "bad-header",
    stays: false,
  },
  {
    name: "blanks after the colon and behind the value pass unchanged",
    send: "GET / HTTP/1.1\r\nHost: a\r\nX-Name:\t v \t\r\nX-Empty:\r\n\r\n",
    origin: [forwarded("GET / HTTP/1.1", "a", ["X-Name:\t v \t", "X-Empty:"])],
    client: [200],
    stays: true,
  },
]);

testOverTransports(
  "Blanks before the colon of a response's fields are removed, also where they frame",
  async (transport) => {
    const respond = (): string => "HTTP/1.1 200 OK\r\nX-Name \t: v\r\nContent-Length : 2\r\n\r\nok";
    await using rig = await startRig({ transport, behaviours: [{ respond }] });
    const client = await rig.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    const response = await client.readResponse();
    assert.equal(response.raw, "HTTP/1.1 200 OK\r\nX-Name: v\r\nContent-Length: 2\r\n\r\nok");
  },
);
