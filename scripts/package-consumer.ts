/**
 * The tiny program of a stranger who installed the package. It is text, because inside this repository
 * the name `headgate` would mean the sources.
 */

export const consumerSource = `
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createLoadBalancer, defineConfig } from "headgate";

const origin = createServer((_request, response) => response.end("hello"));
origin.listen(0, "127.0.0.1");
await once(origin, "listening");
const port = (origin.address() as AddressInfo).port;

const config = defineConfig({
  listeners: [{ address: "127.0.0.1:0" }],
  pools: { app: { endpoints: ["http://127.0.0.1:" + port] } },
  routes: [{ pool: "app" }],
});
const balancer = createLoadBalancer(config);
const [address] = await balancer.listen();
assert.ok(address !== undefined);
const response = await fetch("http://127.0.0.1:" + address.port + "/");
assert.equal(await response.text(), "hello");
await balancer.close();
origin.close();
console.log("balanced under " + process.version);
`;

/** Strict, as strangers may well be; Node's own types come from this repository. */
export function consumerTsconfig(typeRoot: string): string {
  return JSON.stringify({
    compilerOptions: {
      target: "es2024",
      module: "nodenext",
      strict: true,
      skipLibCheck: false,
      exactOptionalPropertyTypes: true,
      types: ["node"],
      typeRoots: [typeRoot],
    },
    files: ["consumer.ts"],
  });
}
