/**
 * Responses through a whole Headgate: however an origin splits its bytes the client gets the same
 * response; whatever it sends, the next client gets its own response and nobody else's.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { anyCuts, anyHarms, anyNoise, cut, fuzzSettings, harmed } from "../support/fuzz.ts";
import { okAnswer, type OriginConnection } from "../support/raw-origin.ts";
import { type Rig, startRig } from "../support/rig.ts";
import { turns } from "../support/signal.ts";
import { transports } from "../support/transports.ts";

interface MadeResponse {
  readonly wire: string;
  readonly status: number;
  readonly body: string;
  readonly endsWithConnection: boolean;
}

const octets = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
  maxLength: 200,
});

const anyResponse: fc.Arbitrary<MadeResponse> = fc
  .record({
    early: fc.constantFrom("", "", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"),
    status: fc.constantFrom(200, 201, 301, 404, 500),
    lines: fc.array(fc.constantFrom("X: y", "Set-Cookie: a=b", "Cache-Control: no-store"), { maxLength: 4 }),
    framing: fc.constantFrom("length", "chunked", "close"),
    pieces: fc.array(
      octets.filter((text) => text !== ""),
      { maxLength: 5 },
    ),
  })
  .map(({ early, status, lines, framing, pieces }) => {
    const body = pieces.join("");
    const framingLine =
      framing === "length"
        ? `Content-Length: ${body.length}\r\n`
        : framing === "chunked"
          ? "Transfer-Encoding: chunked\r\n"
          : "";
    const head = `HTTP/1.1 ${status} Reason\r\n${lines.map((line) => `${line}\r\n`).join("")}${framingLine}\r\n`;
    const chunks = pieces.map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`).join("");
    const wireBody = framing === "chunked" ? `${chunks}0\r\n\r\n` : body;
    return { wire: early + head + wireBody, status, body, endsWithConnection: framing === "close" };
  });

async function sendSlowly(
  connection: OriginConnection,
  pieces: readonly string[],
  isEnding: boolean,
): Promise<void> {
  for (const piece of pieces) {
    connection.write(piece);
    await turns();
  }
  if (isEnding) connection.end();
}

const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

for (const transport of transports) {
  test(`valid responses arrive whole, however they are split (${transport.name} streams)`, async () => {
    await using rig = await startRig({ transport });
    const client = await rig.connect();
    await fc.assert(
      fc.asyncProperty(anyResponse, anyCuts, async ({ wire, status, body, endsWithConnection }, cuts) => {
        rig.origin.respond = (_request, connection) =>
          void sendSlowly(connection, cut(wire, cuts), endsWithConnection);
        client.send(get);
        let response = await client.readResponse();
        if (response.status === 103) response = await client.readResponse();
        assert.equal(response.status, status);
        assert.equal(response.body, body);
        assert.equal(client.unread, "");
      }),
      fuzzSettings(200),
    );
  });

  test(`harmed responses harm nobody else (${transport.name} streams)`, async () => {
    await using rig = await startRig({ transport, pool: { retry: { attempts: 1 } } });
    await fc.assert(
      fc.asyncProperty(anyResponse, anyHarms, anyCuts, async ({ wire }, harms, cuts) => {
        await answerBadly(rig, cut(harmed(wire, harms), cuts));
      }),
      fuzzSettings(200),
    );
  });

  test(`noise for a response harms nobody else (${transport.name} streams)`, async () => {
    await using rig = await startRig({ transport, pool: { retry: { attempts: 1 } } });
    await fc.assert(
      fc.asyncProperty(anyNoise, anyCuts, async (noise, cuts) => {
        await answerBadly(rig, cut(noise, cuts));
        await answerBadly(rig, cut(`HTTP/1.1 200 OK\r\n${noise}\r\n\r\n`, cuts));
      }),
      fuzzSettings(150),
    );
  });
}

/** One exchange that may end in any way but silence; then another, which must be as if nothing had been. */
async function answerBadly(rig: Rig, pieces: readonly string[]): Promise<void> {
  const finished = rig.proxy.records.length + 1;
  rig.origin.respond = (_request, connection) => void sendSlowly(connection, pieces, true);
  const client = await rig.connect();
  client.send(get);
  await rig.proxy.record(finished);
  client.destroy();
  rig.origin.respond = () => okAnswer;
  const next = await rig.connect();
  next.send(get);
  assert.equal((await next.readResponse()).raw, okAnswer);
  assert.equal(next.unread, "");
  next.destroy();
}
