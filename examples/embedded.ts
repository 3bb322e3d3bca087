/**
 * Headgate embedded in a Node program, with a balancing policy of its own: two small servers, a
 * balancer in front of them that sends every third request to the second one.
 *
 *   node examples/embedded.ts        (inside the repository; elsewhere import from "headgate")
 */
import { createServer, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createLoadBalancer, type Policy } from "../src/index.ts";

/** Two of three requests to the first eligible endpoint, the third to the next. */
function twoToOne(): Policy {
  let count = 0;
  return {
    needsKey: false,
    pick(eligible, _key, tried) {
      const usable = eligible.filter((candidate) => !candidate.isFull && !tried.includes(candidate));
      return usable[++count % 3 === 0 ? 1 : 0] ?? usable[0] ?? null;
    },
  };
}

async function startServer(name: string): Promise<Server> {
  const server = createServer((_request, response) => response.end(`${name}\n`)).listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

const servers = [await startServer("first"), await startServer("second")];
const endpoints = servers.map((server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`);

const balancer = createLoadBalancer({
  listeners: [{ address: "127.0.0.1:0" }],
  pools: { app: { policy: twoToOne, endpoints } },
});
const [listener] = await balancer.listen();

for (let i = 0; i < 9; i++) {
  const response = await fetch(`http://127.0.0.1:${listener?.port}/`);
  process.stdout.write(await response.text());
}
for (const { name, requests } of balancer.stats().pools[0]?.endpoints ?? [])
  console.log(`${name}: ${requests} requests`);

await balancer.close();
for (const server of servers) server.close();
