import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ConcurrencyLimit } from "../../src/limits/concurrency-limit.ts";
import { seededRandom } from "../../src/core/random.ts";
import { startBalancerRig } from "../support/balancer-rig.ts";

/** Ends the thread it runs in when it is asked for the key `/die`. */
const deadlyPolicy = `export default () => ({
  needsKey: true,
  pick: (eligible, key) => (key === "/die" ? process.exit(1) : eligible[0]),
});`;

async function until(isSo: () => boolean, what: string): Promise<void> {
  for (let tries = 0; tries < 2000; tries++) {
    if (isSo()) return;
    await new Promise((resolve) => void setTimeout(resolve, 5));
  }
  assert.fail(`not so after all: ${what}`);
}

test(
  "a worker that dies leaves no phantom of what it held, and is replaced",
  { timeout: 60_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "headgate-"));
    const path = join(folder, "deadly.mjs");
    writeFileSync(path, deadlyPolicy);
    await using rig = await startBalancerRig({
      origins: ["a"],
      pool: { policy: { name: "module", path, key: "${request.path}" }, concurrency: {} },
      config: { workers: 2, listeners: [{ address: "127.0.0.1:0", limits: { connectionsPerClient: 1000 } }] },
    });
    const held: ServerResponse[] = [];
    rig.origin("a").respond = (_incoming, outgoing) => void held.push(outgoing);
    const count = 16;
    let broken = 0;
    const asked = Array.from({ length: count }, async () =>
      rig.ask("/hold").then(
        (answer) => answer.status,
        () => ++broken,
      ),
    );
    await until(() => held.length === count, "all requests are at the origin");

    const { shared } = rig.balancer;
    const [endpoint] = shared.endpoints();
    const pool = shared.pools.get("app");
    const [listener] = shared.listeners.values();
    const [clients] = shared.clientLimits.values();
    assert.ok(endpoint && pool?.overload.concurrency && listener && clients);
    const settings = {
      ...rig.balancer.config.pools["app"]!.concurrency!,
      intervalMs: 100,
      baselineIntervalMs: 60_000,
    };
    const limit = ConcurrencyLimit.attach(pool.overload.concurrency, 0, settings, seededRandom(1));
    assert.equal(endpoint.state.activeRequests, count);
    assert.equal(limit.inFlight, count);

    await assert.rejects(rig.ask("/die"));
    await until(() => broken > 0, "the dead worker's clients are cut off");
    await until(
      () => endpoint.state.activeRequests === count - broken,
      "only the living worker's requests count",
    );
    assert.equal(limit.inFlight, count - broken);
    assert.equal(listener.read().connections, count - broken);
    assert.equal(clients.countOf("127.0.0.1"), count - broken);

    for (const outgoing of held) outgoing.end("done");
    await Promise.all(asked);
    rig.origin("a").respond = (_incoming, outgoing) => void outgoing.end("again");
    await until(() => endpoint.state.activeRequests === 0, "nothing is in flight");
    await until(() => listener.read().connections === 0, "nobody is connected");
    assert.equal(limit.inFlight, 0);
    assert.equal(clients.countOf("127.0.0.1"), 0);
    assert.deepEqual(await rig.bodies(4), ["again", "again", "again", "again"]);
    rmSync(folder, { recursive: true });
  },
);
