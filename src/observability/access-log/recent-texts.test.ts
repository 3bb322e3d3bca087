import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { FixedParts } from "./fixed-part.ts";
import { RecentTexts } from "./recent-texts.ts";
import { sampleRecord } from "../../../test/support/access-records.ts";

test("a memory gives what the transformation gives, however often texts collide", () => {
  const memory = new RecentTexts((text) => `<${text}>`);
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "binary", maxLength: 4 }), { maxLength: 50 }), (texts) => {
      for (const text of [...texts, ...texts, "\ud800"]) assert.equal(memory.get(text), `<${text}>`);
    }),
  );
});

test("a text is remembered at its second coming; a long one is not kept", () => {
  let calls = 0;
  const memory = new RecentTexts((text) => {
    calls++;
    return text;
  });
  calls = 0;
  for (let round = 0; round < 4; round++) memory.get("Mozilla/5.0");
  assert.equal(calls, 2);
  for (let round = 0; round < 3; round++) memory.get("x".repeat(300));
  assert.equal(calls, 5);
  memory.get("Mozilla/5.0");
  assert.equal(calls, 5);
});

test("a fixed part is told apart by every field it is spelled from", () => {
  const parts = new FixedParts((record) =>
    [record.listenerName, record.routeName, record.poolName, record.endpoint?.name, record.method]
      .concat([record.host, record.protocol, String(record.status)])
      .join(" "),
  );
  const changes = [
    {},
    { listenerName: "mais" },
    { routeName: "alk" },
    { poolName: "apq" },
    { endpoint: { name: "b2" } },
    { endpoint: null },
    { method: "GOT" },
    { host: "example.net" },
    { protocol: "HTTP/1.0" },
    { status: 201 },
  ];
  const texts = changes.map((change) => parts.get(sampleRecord(change)));
  assert.equal(new Set(texts).size, changes.length);
  // Once more to be remembered, and from memory.
  for (let round = 0; round < 2; round++) {
    assert.deepEqual(
      changes.map((change) => parts.get(sampleRecord(change))),
      texts,
    );
  }
});
