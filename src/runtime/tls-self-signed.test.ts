import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { test } from "node:test";
import { memoryAuthorityStore } from "../../test/support/authority-store.ts";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import { makeSelfSigned } from "./tls-self-signed.ts";

const dayMs = 86_400_000;

test("the authority is made once and kept, each leaf is new and signed by it", async () => {
  const store = memoryAuthorityStore();
  const clock = new VirtualClock(Date.now());
  const first = await makeSelfSigned(["localhost", "*.localhost", "127.0.0.1", "::1"], store, clock);
  assert.deepEqual([...store.files.keys()].toSorted(), ["ca.key", "ca.pem"]);
  assert.deepEqual([first.isNewAuthority, first.authorityPath], [true, "/memory/ca.pem"]);
  const second = await makeSelfSigned(["localhost"], store, clock);
  assert.equal(second.isNewAuthority, false);
  const authority = new X509Certificate(store.files.get("ca.pem") ?? "");
  assert.equal(authority.ca, true);
  for (const { pair } of [first, second]) {
    const leaf = new X509Certificate(pair.certificatePem);
    assert.ok(leaf.verify(authority.publicKey) && leaf.checkIssued(authority));
    assert.equal(leaf.ca, false);
    const days = (leaf.validToDate.getTime() - clock.wallMs()) / dayMs;
    assert.ok(days > 390 && days <= 398, `${days} days`);
  }
  const names = new X509Certificate(first.pair.certificatePem).subjectAltName ?? "";
  for (const name of [
    "DNS:localhost",
    "DNS:*.localhost",
    "IP Address:127.0.0.1",
    "IP Address:0:0:0:0:0:0:0:1",
  ])
    assert.ok(names.includes(name), names);
  assert.notEqual(first.pair.certificatePem, second.pair.certificatePem);
});

test("an authority that is broken, foreign to its key or near its end is replaced", async () => {
  const clock = new VirtualClock(Date.now());
  const store = memoryAuthorityStore();
  await makeSelfSigned(["localhost"], store, clock);
  const [key = "", pem = ""] = ["ca.key", "ca.pem"].map((name) => store.files.get(name) ?? "");
  for (const [name, text] of [
    ["ca.pem", "nonsense"],
    ["ca.key", "nonsense"],
  ] as const) {
    store.write("ca.key", key);
    store.write("ca.pem", pem);
    store.write(name, text);
    assert.equal((await makeSelfSigned(["localhost"], store, clock)).isNewAuthority, true, name);
  }
  const later = new VirtualClock(Date.now() + 3500 * dayMs);
  assert.equal((await makeSelfSigned(["localhost"], store, later)).isNewAuthority, true);
});
