/** Response heads that are no HTTP, or too much of it: 502 with its cause, and the origin's connection ends. */
import assert from "node:assert/strict";
import { startRig, testOverTransports } from "../support/rig.ts";

const bad: readonly (readonly [name: string, answer: string, cause: string])[] = [
  ["HTTP/0.9", "<html>hello</html>", "bad-response"],
  ["another protocol", "SSH-2.0-OpenSSH_9.2\r\n", "bad-response"],
  ["TLS", "\x15\x03\x01\x00\x02\x02\x46", "bad-response"],
  ["HTTP/2", "HTTP/2.0 200 OK\r\n\r\n", "bad-response"],
  ["a status of two digits", "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n", "bad-response"],
  ["a status of four digits", "HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n", "bad-response"],
  ["a status that is no number", "HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n", "bad-response"],
  ["a status below 100", "HTTP/1.1 099 OK\r\nContent-Length: 0\r\n\r\n", "bad-response"],
  ["two spaces before the status", "HTTP/1.1  200 OK\r\nContent-Length: 0\r\n\r\n", "bad-response"],
  ["a control character in the reason", "HTTP/1.1 200 O\x01K\r\nContent-Length: 0\r\n\r\n", "bad-response"],
  ["a bare LF", "HTTP/1.1 200 OK\r\nX: y\nContent-Length: 0\r\n\r\n", "bad-response"],
  ["NUL in a field", "HTTP/1.1 200 OK\r\nX: \0\r\nContent-Length: 0\r\n\r\n", "bad-response"],
  ["a field without a name", "HTTP/1.1 200 OK\r\n: y\r\nContent-Length: 0\r\n\r\n", "bad-response"],
  ["a folded field", "HTTP/1.1 200 OK\r\nX: y\r\n z\r\nContent-Length: 0\r\n\r\n", "bad-response"],
  [
    "a head beyond the limit",
    `HTTP/1.1 200 OK\r\nX: ${"y".repeat(5000)}\r\nContent-Length: 0\r\n\r\n`,
    "response-head-too-large",
  ],
  ["a head that never ends", `HTTP/1.1 200 OK\r\nX: ${"y".repeat(100_000)}`, "response-head-too-large"],
];

for (const [name, answer, cause] of bad) {
  testOverTransports(`A response head is refused: ${name}`, async (transport) => {
    await using rig = await startRig({
      transport,
      behaviours: [{ respond: () => answer }],
      pool: { retry: { attempts: 1 }, limits: { responseHeadBytes: 4096 } },
    });
    const client = await rig.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    const response = await client.readResponse();
    assert.equal(response.status, 502);
    assert.equal(response.header("headgate-cause"), cause);
    assert.ok((await rig.origin.awaitDeparture()) !== null);
    assert.ok(
      !client.received.includes("yyy") && !client.received.includes("hello"),
      "nothing of it reaches the client",
    );
  });
}

const odd: readonly (readonly [name: string, line: string, got: string])[] = [
  ["no reason", "HTTP/1.1 200 ", "HTTP/1.1 200 "],
  ["no reason and no space before it", "HTTP/1.1 200", "HTTP/1.1 200 "],
  ["a reason of its own, not in ASCII", "HTTP/1.1 200 \u00e9t\u00e9 ok", "HTTP/1.1 200 \u00e9t\u00e9 ok"],
  ["an unknown status", "HTTP/1.1 299 Odd", "HTTP/1.1 299 Odd"],
  ["a status in the nine hundreds", "HTTP/1.1 999 Odd", "HTTP/1.1 999 Odd"],
];

for (const [name, line, got] of odd) {
  testOverTransports(`An odd status line passes: ${name}`, async (transport) => {
    const respond = (): string => `${line}\r\nContent-Length: 2\r\n\r\nok`;
    await using rig = await startRig({ transport, behaviours: [{ respond }] });
    const client = await rig.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert.equal((await client.readResponse()).raw, `${got}\r\nContent-Length: 2\r\n\r\nok`);
  });
}
