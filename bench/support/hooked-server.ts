/**
 * One balancer whose hooks change every few moments, for `bench/hooks.ts`: `hooked-server.ts PORT ORIGIN_PORT
 * SLICE_MS`. After each slice it prints a line of JSON: the level's name and the CPU µs per request in it.
 */
import { createLoadBalancer, type ConfigInput, type Hooks } from "../../src/index.ts";

const [port = "0", originPort = "0", sliceMs = "100"] = process.argv.slice(2);

const levels: readonly (readonly [name: string, hooks: Hooks | null])[] = [
  ["none", null],
  ["onRequest, nothing done", { onRequest() {} }],
  ["onRequest, a header set", { onRequest: (request) => request.setHeader("X-Hook", "1") }],
  ["onResponse, nothing done", { onResponse() {} }],
  ["onResponse, a header set", { onResponse: (_request, response) => response.setHeader("X-Hook", "1") }],
  ["onError (no errors)", { onError() {} }],
  ["async onRequest", { onRequest: async () => undefined }],
  ["async onResponse", { onResponse: async () => undefined }],
];

function configOf(hooks: Hooks | null): ConfigInput {
  return {
    workers: 0,
    listeners: [{ name: "main", address: `127.0.0.1:${Number(port)}` }],
    pools: { app: { policy: "least-request", endpoints: [`http://127.0.0.1:${Number(originPort)}`] } },
    routes: [{ name: "all", pool: "app" }],
    ...(hooks === null ? {} : { hooks }),
  };
}

let finished = 0;
const balancer = createLoadBalancer(configOf(null), { onExchange: () => void finished++ });
await balancer.listen();

for (let slice = 0; ; slice++) {
  const [name, hooks] = levels[slice % levels.length] ?? ["none", null];
  await balancer.apply(configOf(hooks));
  // What was under way follows the plan before.
  await pause(20);
  const before = process.cpuUsage();
  finished = 0;
  await pause(Number(sliceMs));
  const { user, system } = process.cpuUsage(before);
  // A moment without load tells nothing.
  if (finished > 100) console.log(JSON.stringify([name, (user + system) / finished]));
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms));
}
