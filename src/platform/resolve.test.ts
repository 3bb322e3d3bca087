import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { NameAnswer } from "../core/names.ts";
import { addressesInHosts, createResolver, type ResolverParts } from "./resolve.ts";

const folder = mkdtempSync(join(tmpdir(), "headgate-resolve-"));
const noHosts = join(folder, "missing");
after(() => rmSync(folder, { recursive: true }));

function resolve(parts: ResolverParts, name: string): Promise<NameAnswer> {
  return new Promise((done) => createResolver(parts).resolve(name, done));
}

/** A name server of one record set: A records with their TTLs, nothing for AAAA. Answers NXDOMAIN without records. */
async function startDns(
  records: readonly { address: string; ttl: number }[],
): Promise<{ socket: Socket; server: string }> {
  const socket = createSocket("udp4");
  socket.on("message", (query, peer) => {
    const questionEnd = query.indexOf(0, 12) + 5;
    const isA = query.readUInt16BE(questionEnd - 4) === 1;
    const answers = isA ? records.map(({ address, ttl }) => aRecord(address, ttl)) : [];
    const head = Buffer.alloc(12);
    query.copy(head, 0, 0, 2);
    head.writeUInt16BE(records.length === 0 ? 0x8183 : 0x8180, 2);
    head.writeUInt16BE(1, 4);
    head.writeUInt16BE(answers.length, 6);
    socket.send(Buffer.concat([head, query.subarray(12, questionEnd), ...answers]), peer.port, peer.address);
  });
  await new Promise<void>((bound) => socket.bind(0, "127.0.0.1", bound));
  return { socket, server: `127.0.0.1:${socket.address().port}` };
}

function aRecord(address: string, ttl: number): Buffer {
  const record = Buffer.alloc(16);
  record.writeUInt16BE(0xc00c, 0);
  record.writeUInt16BE(1, 2);
  record.writeUInt16BE(1, 4);
  record.writeUInt32BE(ttl, 6);
  record.writeUInt16BE(4, 10);
  Buffer.from(address.split(".").map(Number)).copy(record, 12);
  return record;
}

test("localhost and its children never ask anyone", async () => {
  for (const name of ["localhost", "LOCALHOST", "app.localhost"]) {
    assert.deepEqual(await resolve({ servers: ["127.0.0.1:1"], hostsPath: noHosts }, name), {
      addresses: ["127.0.0.1", "::1"],
      ttlMs: 86_400_000,
    });
  }
});

test("an address is its own answer", async () => {
  assert.deepEqual(await resolve({}, "2001:db8::1"), { addresses: ["2001:db8::1"], ttlMs: 86_400_000 });
});

test("the hosts file wins over DNS", async () => {
  const hostsPath = join(folder, "hosts");
  writeFileSync(hostsPath, "# comment\n::5 Backend.test # alias\n10.0.0.5\tother backend.test\n");
  const answer = await resolve({ servers: ["127.0.0.1:1"], hostsPath }, "backend.test");
  assert.deepEqual(answer, { addresses: ["10.0.0.5", "::5"], ttlMs: 5000 });
});

test("DNS answers carry the least TTL of their records", async () => {
  const { socket, server } = await startDns([
    { address: "10.0.0.1", ttl: 60 },
    { address: "10.0.0.2", ttl: 30 },
  ]);
  const answer = await resolve({ servers: [server], hostsPath: noHosts }, "app.example");
  socket.close();
  assert.ok("addresses" in answer);
  assert.deepEqual(answer.addresses.toSorted(), ["10.0.0.1", "10.0.0.2"]);
  assert.equal(answer.ttlMs, 30_000);
});

for (const [ttl, ttlMs] of [
  [0, 1000],
  [1_000_000, 86_400_000],
] as const) {
  test(`a TTL of ${ttl} s is held for ${ttlMs} ms`, async () => {
    const { socket, server } = await startDns([{ address: "10.0.0.1", ttl }]);
    const answer = await resolve({ servers: [server], hostsPath: noHosts }, "app.example");
    socket.close();
    assert.deepEqual(answer, { addresses: ["10.0.0.1"], ttlMs });
  });
}

test("a name nobody knows is an error with the system's code", async () => {
  const { socket, server } = await startDns([]);
  const answer = await resolve({ servers: [server], hostsPath: noHosts }, "no-such-host.invalid");
  socket.close();
  assert.ok("errorCode" in answer, JSON.stringify(answer));
  assert.match(answer.errorCode, /^E[A-Z_]+$/);
});

test("a hosts file is read as the system does: any alias, any case, no comments", () => {
  const text = "127.0.0.1 localhost\r\n10.1.1.1 a b C # d\nnonsense a\n10.1.1.1 a\nfe80::1 a";
  assert.deepEqual(addressesInHosts(text, "a"), ["10.1.1.1", "fe80::1"]);
  assert.deepEqual(addressesInHosts(text, "c"), ["10.1.1.1"]);
  assert.deepEqual(addressesInHosts(text, "d"), []);
});
