/** TLS sessions: resumed for their lifetime, over rotating keys, and never where clients are judged otherwise. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import tls from "node:tls";
import { parseConfig } from "../../src/config/parse.ts";
import type { ConfigInput } from "../../src/config/schema.ts";
import { startLoadBalancer } from "../../src/runtime/load-balancer.ts";
import { CertificateFolder } from "../support/made-certificates.ts";
import { askTls } from "../support/tls-client.ts";
import { ca, localhost, startTls } from "../support/tls-rig.ts";
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

for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
  test(`A ${maxVersion} session from one worker is resumed by all of them`, { timeout: 60_000 }, async () => {
    using folder = new CertificateFolder();
    const config: ConfigInput = {
      workers: 2,
      listeners: [
        { name: "tls", address: "127.0.0.1:0", tls: { certificates: [folder.pair("localhost", localhost)] } },
      ],
      routes: [{ respond: { status: 200 } }],
    };
    const result = parseConfig(config);
    assert.ok("config" in result);
    const balancer = startLoadBalancer(result.config);
    try {
      const [bound] = await balancer.listen();
      const port = bound?.port ?? 0;
      const { session, isResumed } = await askTls(port, { ca, maxVersion });
      assert.ok(session !== undefined && !isResumed);
      // Held open all at once, so that the counters tell who has them.
      const sockets = await Promise.all(
        Array.from({ length: 40 }, async () => {
          const options = { port, host: "127.0.0.1", servername: "localhost", ca, maxVersion, session };
          const socket = tls.connect(options);
          await once(socket, "secureConnect");
          return socket;
        }),
      );
      assert.equal(sockets.filter((socket) => socket.isSessionReused()).length, sockets.length);
      const counters = balancer.shared.listeners.get("tls");
      assert.ok(counters !== undefined);
      const held = [...new Int32Array(counters.buffer).slice(-2)];
      assert.ok(
        held.every((count) => count > 0),
        `connections by worker: ${held.join(" and ")}`,
      );
      for (const socket of sockets) socket.destroy();
    } finally {
      await balancer.close({ graceMs: 100 });
    }
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
