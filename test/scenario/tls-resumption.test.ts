/** TLS sessions: resumed for their lifetime, over rotating keys, and never where clients are judged otherwise. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CertificateFolder } from "../support/made-certificates.ts";
import { askTls } from "../support/tls-client.ts";
import { ca, startTls } from "../support/tls-rig.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
  test(`A ${version} session is resumed for its lifetime, also over rotations of the keys`, async () => {
    using folder = new CertificateFolder();
    const clock = new VirtualClock();
    await using rig = await startTls(folder, { sessionLifetime: "2h" }, { clock });
    const ask = (session?: Buffer): ReturnType<typeof askTls> =>
      askTls(rig.proxy.port, { ca, maxVersion: version, ...(session === undefined ? {} : { session }) });
    const first = await ask();
    assert.equal(first.isResumed, false);
    assert.equal((await ask(first.session)).isResumed, true);
    // Two rotations: the third key still opens what the first one sealed.
    clock.advance(2 * 3_600_000 - 1000);
    assert.equal((await ask(first.session)).isResumed, true);
    clock.advance(1_800_000 * 3);
    assert.equal((await ask(first.session)).isResumed, false, "the key is gone by now");
    assert.deepEqual([rig.proxy.listener.handshakes, rig.proxy.listener.resumedHandshakes], [4, 2]);
  });
}

test("Without a session lifetime nothing is resumed", async () => {
  using folder = new CertificateFolder();
  await using rig = await startTls(folder, { sessionLifetime: "off" });
  for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
    const { session } = await askTls(rig.proxy.port, { ca, maxVersion });
    const again = await askTls(rig.proxy.port, {
      ca,
      maxVersion,
      ...(session === undefined ? {} : { session }),
    });
    assert.equal(again.isResumed, false);
  }
});
