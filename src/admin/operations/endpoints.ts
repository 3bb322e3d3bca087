/** Pools and endpoints: looking at them, adding and removing, weights, draining, maintenance. */
import { parseDurationMs } from "../../core/units.ts";
import type { Config } from "../../config/schema.ts";
import {
  type EndpointInput,
  type OperatorState,
  withEndpoint,
  withEndpointState,
  withEndpointWeight,
  withoutEndpoint,
} from "../../runtime/endpoint-edits.ts";
import { drainDocument, endpointDocument, poolDocument, poolDocuments } from "../documents/endpoints.ts";
import { type AdminAnswer, type AdminCall, type Operation, operation } from "../operation.ts";

const poolPath = "/v1/pools/{pool}";
const endpointPath = `${poolPath}/endpoints/{endpoint}`;

export const endpointOperations: readonly Operation[] = [
  operation({
    id: "listPools",
    method: "GET",
    path: "/v1/pools",
    scope: "read",
    summary: "All pools with their endpoints",
    takes: null,
    answers: "PoolList",
    run: ({ context }) => ({ document: { pools: poolDocuments(context) } }),
  }),
  operation({
    id: "getPool",
    method: "GET",
    path: poolPath,
    scope: "read",
    summary: "One pool with its endpoints",
    takes: null,
    answers: "Pool",
    run: ({ context, params }) => ({ document: poolDocument(context, params["pool"] ?? "") }),
  }),
  operation({
    id: "listEndpoints",
    method: "GET",
    path: `${poolPath}/endpoints`,
    scope: "read",
    summary: "The endpoints of a pool",
    takes: null,
    answers: "EndpointList",
    run: ({ context, params }) => ({
      document: { endpoints: poolDocument(context, params["pool"] ?? "").endpoints },
    }),
  }),
  operation({
    id: "addEndpoint",
    method: "POST",
    path: `${poolPath}/endpoints`,
    scope: "write",
    summary: "Adds an endpoint to a pool; the file does not know it until it is persisted",
    takes: "NewEndpoint",
    takesRevision: true,
    answers: "Endpoint",
    statuses: [201],
    async run(call) {
      const pool = call.params["pool"] ?? "";
      const { body } = call;
      const config = await edit(call, `add ${pool} ${body.url}`, (current) =>
        withEndpoint(current, pool, body as EndpointInput),
      );
      const added = config.pools[pool]?.endpoints.at(-1)?.name ?? "";
      return { document: endpointDocument(call.context, pool, added), status: 201 };
    },
  }),
  operation({
    id: "getEndpoint",
    method: "GET",
    path: endpointPath,
    scope: "read",
    summary: "One endpoint: state, health, traffic",
    takes: null,
    answers: "Endpoint",
    run: (call) => answerWithEndpoint(call),
  }),
  operation({
    id: "removeEndpoint",
    method: "DELETE",
    path: endpointPath,
    scope: "write",
    summary: "Removes an endpoint; what it has in flight finishes",
    takes: null,
    takesRevision: true,
    answers: "DrainList",
    async run(call) {
      const { pool, endpoint } = named(call);
      await edit(call, `remove ${pool} ${endpoint}`, (current) => withoutEndpoint(current, pool, endpoint));
      const drains = call.context.balancer.drains.all.filter(
        (drain) => drain.pool === pool && drain.endpoint === endpoint && drain.reason === "removed",
      );
      return { document: { drains: drains.map(drainDocument) } };
    },
  }),
  operation({
    id: "setEndpointWeight",
    method: "PUT",
    path: `${endpointPath}/weight`,
    scope: "write",
    summary: "Sets an endpoint's weight; 0 takes no new traffic",
    takes: "Weight",
    takesRevision: true,
    answers: "Endpoint",
    async run(call) {
      const { pool, endpoint } = named(call);
      const { weight } = call.body;
      await edit(call, `weight ${pool} ${endpoint} ${weight}`, (current) =>
        withEndpointWeight(current, pool, endpoint, weight),
      );
      return answerWithEndpoint(call);
    },
  }),
  operation({
    id: "drainEndpoint",
    method: "POST",
    path: `${endpointPath}/drain`,
    scope: "write",
    summary:
      "Takes no new clients and finishes what it has; at the deadline it goes into maintenance, and what is left is ended",
    takes: "DrainOrder",
    takesRevision: true,
    answers: "Endpoint",
    async run(call) {
      const { pool, endpoint } = named(call);
      const { deadline } = call.body;
      await setState(call, "draining");
      const deadlineMs = deadline === undefined ? null : parseDurationMs(deadline);
      call.context.balancer.drains.setDeadline(pool, endpoint, deadlineMs);
      return answerWithEndpoint(call);
    },
  }),
  operation({
    id: "setEndpointMaintenance",
    method: "POST",
    path: `${endpointPath}/maintenance`,
    scope: "write",
    summary: "Takes an endpoint out: no requests, no probes",
    takes: null,
    takesRevision: true,
    answers: "Endpoint",
    async run(call) {
      await setState(call, "maintenance");
      return answerWithEndpoint(call);
    },
  }),
  operation({
    id: "setEndpointReady",
    method: "POST",
    path: `${endpointPath}/ready`,
    scope: "write",
    summary: "Puts an endpoint back into service",
    takes: null,
    takesRevision: true,
    answers: "Endpoint",
    async run(call) {
      await setState(call, "ready");
      return answerWithEndpoint(call);
    },
  }),
  operation({
    id: "listDrains",
    method: "GET",
    path: "/v1/drains",
    scope: "read",
    summary: "Endpoints on their way out, removed ones included, with what they still hold",
    takes: null,
    answers: "DrainList",
    run: ({ context }) => ({ document: { drains: context.balancer.drains.all.map(drainDocument) } }),
  }),
];

function named({ params }: AdminCall<unknown>): { readonly pool: string; readonly endpoint: string } {
  return { pool: params["pool"] ?? "", endpoint: params["endpoint"] ?? "" };
}

function answerWithEndpoint(call: AdminCall<unknown>): AdminAnswer<"Endpoint"> {
  const { pool, endpoint } = named(call);
  return { document: endpointDocument(call.context, pool, endpoint) };
}

async function setState(call: AdminCall<unknown>, state: OperatorState): Promise<void> {
  const { pool, endpoint } = named(call);
  await edit(call, `${state} ${pool} ${endpoint}`, (current) =>
    withEndpointState(current, pool, endpoint, state),
  );
}

async function edit(
  call: AdminCall<unknown>,
  note: string,
  next: (current: Config) => Config,
): Promise<Config> {
  const { balancer } = call.context;
  const options = { origin: call.origin(note), expected: call.expected };
  const revision = await balancer.changes.change((current) => next(current ?? balancer.config), options);
  return revision.config;
}
