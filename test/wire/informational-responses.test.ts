/** 1xx (RFC 9110 §15.2): every one is relayed as it comes, none to HTTP/1.0, and not without end. */
import assert from "node:assert/strict";
import { okAnswer } from "../support/raw-origin.ts";
import { startRig, testOverTransports } from "../support/rig.ts";

const request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

testOverTransports(
  "Informational responses are relayed one by one, their fields not merged",
  async (transport) => {
    const early = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nConnection: x\r\nX: y\r\n\r\n";
    const respond = (): string => `HTTP/1.1 102 Processing\r\n\r\n${early}${okAnswer}`;
    await using rig = await startRig({ transport, behaviours: [{ respond }] });
    const client = await rig.connect();
    client.send(request);
    assert.equal((await client.readResponse()).raw, "HTTP/1.1 102 Processing\r\n\r\n");
    assert.equal((await client.readResponse()).raw, "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n");
    assert.equal((await client.readResponse()).raw, okAnswer);
  },
);

testOverTransports(
  "An informational response reaches the client before the final one exists",
  async (transport) => {
    const respond = (): string => "HTTP/1.1 103 Early Hints\r\n\r\n";
    await using rig = await startRig({ transport, behaviours: [{ respond }] });
    const client = await rig.connect();
    client.send(request);
    assert.equal((await client.readResponse()).status, 103);
    rig.origin.connections[0]?.write(okAnswer);
    assert.equal((await client.readResponse()).status, 200);
  },
);

testOverTransports("Informational responses are kept from an HTTP/1.0 client", async (transport) => {
  const respond = (): string => `HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n${okAnswer}`;
  await using rig = await startRig({ transport, behaviours: [{ respond }] });
  const client = await rig.connect();
  client.send("GET / HTTP/1.0\r\nHost: a\r\n\r\n");
  assert.equal((await client.readResponse()).status, 200);
});

testOverTransports("An informational response has no body, whatever its fields say", async (transport) => {
  const respond = (): string => `HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\n${okAnswer}`;
  await using rig = await startRig({ transport, behaviours: [{ respond }] });
  const client = await rig.connect();
  client.send(request);
  assert.equal((await client.readResponse()).raw, "HTTP/1.1 103 Early Hints\r\n\r\n");
  assert.equal((await client.readResponse()).raw, okAnswer);
});

testOverTransports("Informational responses without end are a bad response", async (transport) => {
  const respond = (): string => "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(40);
  await using rig = await startRig({
    transport,
    behaviours: [{ respond }],
    pool: { retry: { attempts: 1 } },
  });
  const client = await rig.connect();
  client.send(request);
  let count = 0;
  let { status } = await client.readResponse();
  for (; status === 103; { status } = await client.readResponse()) count++;
  assert.equal(status, 502);
  assert.ok(count <= 16, `${count} informational responses`);
});
