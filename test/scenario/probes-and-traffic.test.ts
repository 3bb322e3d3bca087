/** What probes and traffic say about an endpoint, put together: see "Probes and traffic" in docs/balancing.md. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { EndpointState } from "../../src/upstream/endpoint-state.ts";
import { type BalancerRig, startBalancerRig } from "../support/balancer-rig.ts";
import type { NamedOrigin } from "../support/named-origins.ts";
import { turns } from "../support/signal.ts";

const health = { path: "/health", interval: "1h" } as const;
const outlier = { consecutive: { errors: 3 }, ejection: { base: "1h", max: "1h" } } as const;
const pool = { retry: { attempts: 1 }, health, outlier };

function stateOf(rig: BalancerRig, name: string): EndpointState {
  const found = [...rig.balancer.shared.endpoints()].find(({ config }) => config.name === name);
  assert.ok(found !== undefined);
  return found.state;
}

/** Answers probes with 200 and counts them; the rest is up to `respond`. */
function answersProbes(origin: NamedOrigin, respond: NamedOrigin["respond"]): { count: number } {
  const probes = { count: 0 };
  origin.respond = (incoming, outgoing, body) => {
    if (incoming.url !== "/health") return respond(incoming, outgoing, body);
    probes.count++;
    outgoing.end();
  };
  return probes;
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await turns();
}

test("an endpoint that answers nothing is probed at once, and a passed probe puts it on probation", async () => {
  await using rig = await startBalancerRig({ origins: ["a", "b"], pool });
  const probes = answersProbes(rig.origin("a"), (incoming) => void incoming.socket.destroy());
  await until(() => probes.count > 0);
  await rig.bodies(6);
  await until(() => probes.count > 1 && stateOf(rig, "a").hasStatus("probation"));
  assert.equal(stateOf(rig, "a").hasStatus("ejected"), false);
});

test("an endpoint that answers errors stays out, however well its health page works", async () => {
  await using rig = await startBalancerRig({ origins: ["a", "b"], pool });
  const probes = answersProbes(rig.origin("a"), (_incoming, outgoing) => void outgoing.writeHead(500).end());
  await until(() => probes.count > 0);
  await rig.bodies(6);
  await until(() => probes.count > 1 && stateOf(rig, "a").hasStatus("ejected"));
  assert.deepEqual(new Set(await rig.bodies(6)), new Set(["b"]));
  assert.ok(stateOf(rig, "a").hasStatus("ejected"));
});

test("without outlier detection a row of failures asks for a probe, and only the probe takes it out", async () => {
  await using rig = await startBalancerRig({
    origins: ["a", "b"],
    pool: { retry: { attempts: 1 }, health: { ...health, fall: 1 } },
  });
  const probes = answersProbes(rig.origin("a"), () => {});
  await until(() => probes.count > 0);
  rig.origin("a").respond = (incoming) => void incoming.socket.destroy();
  await rig.bodies(6);
  await until(() => stateOf(rig, "a").hasStatus("down"));
  assert.deepEqual(new Set(await rig.bodies(4)), new Set(["b"]));
});
