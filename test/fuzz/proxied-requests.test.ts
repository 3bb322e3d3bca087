/**
 * Requests through a whole Headgate: however the bytes are split, the origin gets the same requests and
 * the client its answers in order; whatever the bytes are, origin and Headgate agree on how many
 * requests there were, and nothing crashes, hangs or stays behind.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { anyRequest, type MadeRequest } from "../support/arbitrary-requests.ts";
import { anyCuts, anyHarms, anyNoise, cut, fuzzSettings, harmed } from "../support/fuzz.ts";
import { headerOf, type RawMessage } from "../support/raw-message.ts";
import { okAnswer } from "../support/raw-origin.ts";
import { type Rig, startRig } from "../support/rig.ts";
import { turns } from "../support/signal.ts";
import { transports } from "../support/transports.ts";

/** What an origin got, without what depends on how the bytes arrived (the cut of chunks). */
function essence({ head, body, trailers }: RawMessage): unknown {
  return { head, body, trailers };
}

function expected({ method, target, host, lines, body, trailers, framing }: MadeRequest): unknown {
  const all = [`${method} ${target} HTTP/1.1`, `Host: ${host}`, ...lines, "Via: 1.1 gate", ...framing];
  return { head: `${all.join("\r\n")}\r\n\r\n`, body, trailers };
}

for (const transport of transports) {
  test(`valid requests arrive whole and in order, however they are split (${transport.name} streams)`, async () => {
    await using rig = await startRig({ transport });
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyRequest, { minLength: 1, maxLength: 4 }),
        anyCuts,
        async (requests, cuts) => {
          const before = rig.origin.requests.length;
          const client = await rig.connect();
          await client.sendPieces(cut(requests.map(({ wire }) => wire).join(""), cuts));
          for (const { method } of requests) assert.equal((await client.readResponse(method)).raw, okAnswer);
          assert.equal(client.unread, "");
          assert.deepEqual(rig.origin.requests.slice(before).map(essence), requests.map(expected));
          client.destroy();
        },
      ),
      fuzzSettings(150),
    );
  });

  test(`harmed requests leave origin and Headgate agreed (${transport.name} streams)`, async () => {
    await using rig = await startRig({ transport, pool: { retry: { attempts: 1 } } });
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyRequest, { minLength: 1, maxLength: 3 }),
        anyHarms,
        anyCuts,
        async (requests, harms, cuts) => {
          const text = harmed(requests.map(({ wire }) => wire).join(""), harms);
          await sendAndCompare(rig, cut(text, cuts));
        },
      ),
      fuzzSettings(250),
    );
  });

  test(`noise leaves origin and Headgate agreed (${transport.name} streams)`, async () => {
    await using rig = await startRig({ transport, pool: { retry: { attempts: 1 } } });
    await fc.assert(
      fc.asyncProperty(anyNoise, anyCuts, async (noise, cuts) => {
        await sendAndCompare(rig, cut(noise, cuts));
        await sendAndCompare(rig, cut(`GET / HTTP/1.1\r\nHost: a\r\n${noise}\r\n\r\n`, cuts));
      }),
      fuzzSettings(200),
    );
  });
}

/** The origin reads leniently: a request hidden from Headgate would show as one more than it sent. */
async function sendAndCompare(rig: Rig, pieces: readonly string[]): Promise<void> {
  const before = { records: rig.proxy.records.length, requests: rig.origin.requests.length };
  const client = await rig.connect();
  await client.sendPieces(pieces);
  await turns(4);
  client.end();
  await client.ended();
  await turns(4);
  const sent = rig.proxy.records
    .slice(before.records)
    .filter(({ endpoint, cause }) => endpoint !== null && cause === null);
  const complete = rig.origin.requests.slice(before.requests);
  const abandoned = rig.proxy.records.slice(before.records).filter(({ cause }) => cause !== null);
  assert.ok(
    complete.length >= sent.length && complete.length <= sent.length + abandoned.length,
    `Headgate sent ${sent.length} requests, the origin saw ${complete.length}`,
  );
  for (const { head } of complete) {
    assert.match(head, /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+ [!"$-~]+ HTTP\/1\.1\r\nHost: /);
    assert.equal(headerOf(head, "via") !== null, true);
    assert.doesNotMatch(head.replaceAll("\r\n", ""), /[\0-\x08\x0a-\x1f\x7f]/, "no control character passes");
    assert.ok(
      (head.match(/^(?:content-length|transfer-encoding):/gim) ?? []).length <= 1,
      "one framing at most",
    );
  }
  client.destroy();
}
