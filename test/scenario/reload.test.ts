/**
 * Reloads under load, in short form (`bench/reload.ts` is the long one): requests over kept and fresh
 * connections and talking WebSockets while listeners, pools, endpoints, routes and settings come and go.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { changingConfig } from "../support/changing-config.ts";
import { startEchoBackend } from "../support/echo-backend.ts";
import { startHeadgateProcess } from "../support/headgate-process.ts";
import { SteadyLoad, WebSocketHerd } from "../support/steady-load.ts";

const reloads = 24;
const requestsBetween = 60;

for (const workers of [0, 2]) {
  test(
    `${reloads} reloads lose no request and no WebSocket (workers ${workers})`,
    { timeout: 120_000 },
    async (t) => {
      const backends = await Promise.all(["one", "two", "visitor"].map(startEchoBackend));
      t.after(() => backends.forEach((backend) => backend.close()));
      const [first, second, visitor] = backends.map(({ url }) => url);
      assert(first !== undefined && second !== undefined && visitor !== undefined);
      const parts = { endpoints: [first, second], visitor, workers, address: "127.0.0.1:0" };
      const headgate = await startHeadgateProcess(t, changingConfig(parts, 0));
      const herd = await WebSocketHerd.open(`ws://127.0.0.1:${headgate.port}/ws`, 20, 20);
      const load = new SteadyLoad(headgate.port).keepAlive(6).fresh(2);
      for (let index = 1; index <= reloads; index++) {
        headgate.write(changingConfig(parts, index));
        const response = await fetch(`${headgate.adminUrl}/v1/reload`, { method: "POST" });
        const outcome = (await response.json()) as { readonly outcome: string };
        assert.equal(outcome.outcome, "applied", `reload ${index}: ${JSON.stringify(outcome)}`);
        await load.progress(requestsBetween);
      }
      const report = await load.stop();
      assert.deepEqual(report.failures, []);
      assert.ok(report.requests >= reloads * requestsBetween);
      assert.deepEqual(herd.failures, []);
      assert.equal(herd.openCount, 20);
      assert.ok(herd.fewestWords > 1);
      assert.ok((backends[2]?.requests ?? 0) > 0, "the endpoint that came and went was used");
      await herd.close();
    },
  );
}
