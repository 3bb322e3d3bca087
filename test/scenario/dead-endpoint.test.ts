/** An endpoint that nobody listens on costs no request, whatever the retry budget: nothing was sent to it. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { createLoadBalancer } from "../../src/index.ts";

async function portOf(server: ReturnType<typeof createServer>): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

test("requests that meet a dead endpoint go to the living one, with a retry budget of nothing", async () => {
  const dead = createServer();
  const deadPort = await portOf(dead);
  dead.close();
  await once(dead, "close");
  const living = createServer((request, response) => {
    request.resume().on("end", () => response.end("served"));
  });
  const livingPort = await portOf(living);
  const balancer = createLoadBalancer({
    listeners: [{ address: "127.0.0.1:0" }],
    pools: {
      app: {
        endpoints: [`http://127.0.0.1:${deadPort}`, `http://127.0.0.1:${livingPort}`],
        retry: { budget: { share: "0%", floor: 0 } },
      },
    },
  });
  const [listener] = await balancer.listen();
  const url = `http://127.0.0.1:${listener?.port}/`;
  for (let i = 0; i < 20; i++) {
    const response = await fetch(url, i % 2 === 0 ? {} : { method: "POST", body: "once" });
    assert.equal(response.status, 200);
    assert.equal(await response.text(), "served");
  }
  assert.equal(balancer.stats().totals.responses["2xx"], 20);
  await balancer.close();
  living.closeAllConnections();
  living.close();
});
