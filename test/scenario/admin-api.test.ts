/**
 * Every operation of the admin API against a running Headgate, driven from the document it publishes:
 * an operation without a call here fails, and so does an answer that is not as published.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test, type TestContext } from "node:test";
import { freePorts } from "../support/free-ports.ts";
import { schemaFaults } from "../support/json-schema.ts";
import { type HeadgateProcess, startBackend, startHeadgateProcess } from "../support/headgate-process.ts";

const readToken = "read-token-0123456789";
const writeToken = "write-token-0123456789";

interface Api {
  readonly headgate: HeadgateProcess;
  readonly document: OpenApi;
  readonly b1: string;
  ask(method: string, path: string, options?: AskOptions): Promise<Answer>;
}

interface AskOptions {
  readonly token?: string | null;
  readonly json?: unknown;
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly headers: Headers;
  readonly body: unknown;
}

interface OpenApiOperation {
  readonly operationId: string;
  readonly security: readonly Record<string, unknown>[];
  readonly parameters: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: unknown }>> };
  readonly responses: Readonly<
    Record<string, { readonly content: Readonly<Record<string, { readonly schema: unknown }>> }>
  >;
}

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>;
}

async function startApi(t: TestContext, hasTokens = true): Promise<Api> {
  const { url: b1 } = await startBackend(t, (_request, response) => response.end("one"));
  const tokens = `[{ token: ${readToken}, name: reader }, { token: ${writeToken}, scope: write, name: ann }]`;
  const headgate = await startHeadgateProcess(
    t,
    `listeners: [{ name: main, address: "127.0.0.1:0" }]
workers: 0
pools:
  app:
    endpoints: [{ url: "${b1}", name: b1 }, { url: "http://127.0.0.1:1", name: "odd/name?x", state: maintenance }]
routes:
  - { name: api, match: { path: /api/* }, pool: app }
  - { name: rest, respond: { status: 204 } }
admin: { address: "127.0.0.1:0"${hasTokens ? `, tokens: ${tokens}` : ""} }
`,
  );
  const ask = async (method: string, path: string, options: AskOptions = {}): Promise<Answer> => {
    const { token = writeToken, json, text, headers = {} } = options;
    const sent = new Headers(headers);
    if (token !== null) sent.set("authorization", `Bearer ${token}`);
    if (json !== undefined && !sent.has("content-type")) sent.set("content-type", "application/json");
    if (text !== undefined && !sent.has("content-type")) sent.set("content-type", "application/yaml");
    const body = text ?? (json === undefined ? null : JSON.stringify(json));
    const response = await fetch(headgate.adminUrl + path, { method, headers: sent, body });
    const type = response.headers.get("content-type") ?? "";
    if (type === "text/event-stream") {
      const reader = response.body?.getReader();
      const first = await reader?.read();
      await reader?.cancel();
      return {
        status: response.status,
        type,
        headers: response.headers,
        body: Buffer.from(first?.value ?? []).toString(),
      };
    }
    const received = await response.text();
    const parsed = type.includes("json") ? (JSON.parse(received) as unknown) : received;
    return { status: response.status, type, headers: response.headers, body: parsed };
  };
  const document = (await ask("GET", "/openapi.json", { token: null })).body as OpenApi;
  return { headgate, document, ask, b1 };
}

interface Call {
  readonly params?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly text?: string;
  /** The status and the code of the problem that it ends in; else it succeeds. */
  readonly problem?: readonly [number, string];
  /** What must be true afterwards. */
  check?(answer: Answer, api: Api): Promise<void> | void;
}

const b1 = { pool: "app", endpoint: "b1" };
const field = (body: unknown, name: string): unknown => (body as Record<string, unknown>)[name];

/** One call for each operation, in the order in which they are made. */
const calls: readonly (readonly [string, (api: Api) => Call])[] = [
  ["livez", () => ({})],
  ["readyz", () => ({})],
  ["getOpenApi", () => ({})],
  ["getAccess", () => ({ check: ({ body }) => assert.equal(field(body, "needsToken"), true) })],
  ["getStatus", () => ({ check: ({ body }) => assert.equal(field(body, "revision"), 1) })],
  ["listListeners", () => ({})],
  [
    "listRoutes",
    () => ({ check: ({ body }) => assert.equal((field(body, "routes") as unknown[]).length, 2) }),
  ],
  ["listPools", () => ({})],
  ["getPool", () => ({ params: { pool: "app" } })],
  ["listEndpoints", () => ({ params: { pool: "app" } })],
  [
    "getEndpoint",
    () => ({
      params: { pool: "app", endpoint: "odd/name?x" },
      check: ({ body }) => assert.equal(field(body, "state"), "maintenance"),
    }),
  ],
  [
    "explain",
    () => ({
      json: { url: "/api/x" },
      check: ({ body }) => assert.match(String(field(body, "outcome")), /route api, pool app/),
    }),
  ],
  [
    "addEndpoint",
    ({ b1: url }) => ({
      params: { pool: "app" },
      json: { url, name: "b2", weight: 3 },
      check: ({ body }) => assert.equal(field(body, "weight"), 3),
    }),
  ],
  [
    "setEndpointWeight",
    () => ({
      params: { pool: "app", endpoint: "b2" },
      json: { weight: 7 },
      check: ({ body }) => assert.equal(field(body, "weight"), 7),
    }),
  ],
  [
    "drainEndpoint",
    () => ({
      params: b1,
      json: { deadline: "30s" },
      check: ({ body }) => assert.equal(field(body, "state"), "draining"),
    }),
  ],
  [
    "listDrains",
    () => ({ check: ({ body }) => assert.equal((field(body, "drains") as unknown[]).length, 1) }),
  ],
  [
    "setEndpointMaintenance",
    () => ({ params: b1, check: ({ body }) => assert.equal(field(body, "state"), "maintenance") }),
  ],
  ["setEndpointReady", () => ({ params: b1, check: ({ body }) => assert.equal(field(body, "state"), "up") })],
  ["getDrift", () => ({ check: ({ body }) => assert.equal(field(body, "isPersistable"), true) })],
  [
    "persistDrift",
    () => ({
      async check({ body }, api) {
        assert.deepEqual(field(body, "endpoints"), ["app/b2"]);
        assert.deepEqual(field((await api.ask("GET", "/v1/config/drift")).body, "changes"), []);
      },
    }),
  ],
  ["removeEndpoint", () => ({ params: { pool: "app", endpoint: "b2" } })],
  [
    "getConfig",
    () => ({ check: ({ body }) => assert.doesNotMatch(JSON.stringify(body), /token-0123456789/) }),
  ],
  ["getConfigYaml", () => ({ check: ({ body }) => assert.match(String(body), /name: peak-ewma/) })],
  [
    "validateConfig",
    () => ({
      text: "pools: { app: { policy: fastest } }",
      check: ({ body }) => assert.equal(field(body, "isValid"), false),
    }),
  ],
  [
    "diffConfig",
    (api) => ({
      text: otherConfig(api),
      check: ({ body }) => assert.match(JSON.stringify(body), /"path":"via"/),
    }),
  ],
  [
    "putConfig",
    (api) => ({
      text: otherConfig(api),
      check: ({ headers }) => assert.match(headers.get("etag") ?? "", /^"\d+"$/),
    }),
  ],
  [
    "rollbackConfig",
    () => ({ json: {}, check: ({ body }) => assert.equal(typeof field(body, "restores"), "number") }),
  ],
  [
    "reload",
    () => ({
      json: { discardDrift: true },
      check: ({ body }) => assert.equal(field(body, "outcome"), "applied"),
    }),
  ],
  ["listRevisions", () => ({ check: ({ body }) => assert.match(JSON.stringify(body), /"by":"ann"/) })],
  ["getRevision", () => ({ params: { revision: "2" } })],
  ["listEvents", () => ({ check: ({ body }) => assert.match(JSON.stringify(body), /endpoint-draining/) })],
  [
    "getMetrics",
    () => ({ check: ({ body }) => assert.match(String(body), /^headgate_config_revision \d+$/m) }),
  ],
  ["getDiagnosis", () => ({ check: ({ body }) => assert.deepEqual(field(body, "rows"), []) })],
  ["clearDiagnosis", () => ({})],
  ["listAlerts", () => ({})],
  ["testAlerts", () => ({})],
  ["listCertificates", () => ({ check: ({ body }) => assert.deepEqual(field(body, "certificates"), []) })],
  ["refreshCertificates", () => ({})],
  // Nobody's certificate comes from an authority here; Pebble's tests have those that do.
  ["renewCertificate", () => ({ params: { name: "a.test" }, problem: [404, "unknown-name"] })],
  ["revokeCertificate", () => ({ params: { name: "a.test" }, problem: [404, "unknown-name"] })],
  ["getHistory", () => ({ check: ({ body }) => assert.equal(field(body, "stepMs"), 10_000) })],
  [
    "getEndpointHistories",
    () => ({
      json: { pool: "app", endpoints: ["b1", "unknown"], steps: 6 },
      check: ({ body }) => assert.equal(field(body, "stepMs"), 10_000),
    }),
  ],
  ["streamLive", () => ({ check: ({ body }) => assert.match(String(body), /^: welcome/) })],
  ["streamExchanges", () => ({ check: ({ body }) => assert.match(String(body), /^: welcome/) })],
  ["streamEvents", () => ({ check: ({ body }) => assert.match(String(body), /^: welcome/) })],
];

function otherConfig({ b1: url }: Api): string {
  const tokens = `[{ token: ${readToken}, name: reader }, { token: ${writeToken}, scope: write, name: ann }]`;
  return `listeners: [{ name: main, address: "127.0.0.1:0" }]
workers: 0
via: other
pools: { app: { endpoints: [{ url: "${url}", name: b1 }] } }
routes: [{ name: api, pool: app }]
admin: { address: "127.0.0.1:0", tokens: ${tokens} }
`;
}

function operationsOf({ paths }: OpenApi): Map<string, OpenApiOperation & { method: string; path: string }> {
  return new Map(
    Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(
        ([method, operation]) =>
          [operation.operationId, { ...operation, method: method.toUpperCase(), path }] as const,
      ),
    ),
  );
}

function fill(path: string, params: Readonly<Record<string, string>>): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? "unknown"));
}

test("every published operation answers as published", { timeout: 60_000 }, async (t) => {
  const api = await startApi(t);
  const operations = operationsOf(api.document);
  assert.deepEqual(
    [...operations.keys()].toSorted(),
    calls.map(([id]) => id).toSorted(),
    "each operation has a call here",
  );
  for (const [id, make] of calls) {
    const operation = operations.get(id);
    assert(operation !== undefined);
    const { params = {}, json, text, problem, check } = make(api);
    const token = "read" in (operation.security[0] ?? {}) ? readToken : writeToken;
    const body = { ...(json === undefined ? {} : { json }), ...(text === undefined ? {} : { text }) };
    const answer = await api.ask(operation.method, fill(operation.path, params), { token, ...body });
    if (problem !== undefined) {
      assertProblem(api, answer, ...problem);
      continue;
    }
    const described = operation.responses[String(answer.status)];
    assert(described !== undefined, `${id} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    const content = described.content[answer.type.split(";")[0] ?? ""];
    assert(content !== undefined, `${id} answered with ${answer.type}`);
    assert.deepEqual(schemaFaults(content.schema, answer.body, api.document), [], id);
    if (json !== undefined) {
      const schema = operation.requestBody?.content["application/json"]?.schema;
      assert.deepEqual(schemaFaults(schema, json, api.document), [], `${id} takes what the test sends`);
    }
    await check?.(answer, api);
  }
});

function assertProblem(api: Api, answer: Answer, status: number, code: string): void {
  const problem = { $ref: "#/components/schemas/Problem" };
  assert.deepEqual([answer.status, field(answer.body, "code")], [status, code], JSON.stringify(answer.body));
  assert.equal(answer.type, "application/problem+json");
  assert.deepEqual(schemaFaults(problem, answer.body, api.document), []);
}

test(
  "without a right token nothing is told, and a read token changes nothing",
  { timeout: 60_000 },
  async (t) => {
    const api = await startApi(t);
    for (const { operationId, method, path, security } of operationsOf(api.document).values()) {
      if (security.length === 0) continue;
      const filled = fill(path, { pool: "app", endpoint: "b1", revision: "1" });
      const none = await api.ask(method, filled, { token: null });
      assertProblem(api, none, 401, "no-token");
      assert.match(none.headers.get("www-authenticate") ?? "", /^Bearer/);
      assertProblem(api, await api.ask(method, filled, { token: `${writeToken}x` }), 401, "wrong-token");
      assertProblem(
        api,
        await api.ask(method, filled, { token: writeToken.slice(0, -1) }),
        401,
        "wrong-token",
      );
      if (!("write" in (security[0] ?? {}))) continue;
      assertProblem(api, await api.ask(method, filled, { token: readToken }), 403, "scope-too-small");
      assert.equal(field((await api.ask("GET", "/v1/status")).body, "revision"), 1, operationId);
    }
    assertProblem(api, await api.ask("GET", "/v1/nothing", { token: null }), 401, "no-token");
  },
);

test(
  "operations that change the configuration refuse a revision that has passed",
  { timeout: 60_000 },
  async (t) => {
    const api = await startApi(t);
    await api.ask("PUT", "/v1/pools/app/endpoints/b1/weight", {
      json: { weight: 5 },
      headers: { "if-match": '"1"' },
    });
    const bodies: Readonly<Record<string, AskOptions>> = {
      addEndpoint: { json: { url: "http://127.0.0.1:9" } },
      setEndpointWeight: { json: { weight: 9 } },
      putConfig: { text: otherConfig(api) },
    };
    let count = 0;
    for (const { operationId, method, path, parameters } of operationsOf(api.document).values()) {
      if (!parameters.some(({ name }) => name === "If-Match")) continue;
      count++;
      const filled = fill(path, { pool: "app", endpoint: "b1" });
      const answer = await api.ask(method, filled, {
        ...bodies[operationId],
        headers: { "if-match": '"1"' },
      });
      assertProblem(api, answer, 412, "wrong-revision");
      assert.equal(field(answer.body, "currentRevision"), 2);
    }
    assert.ok(count >= 9);
    assertProblem(
      api,
      await api.ask("POST", "/v1/reload", { headers: { "if-match": "yesterday" } }),
      400,
      "bad-request",
    );
    assert.equal(
      (await api.ask("POST", "/v1/pools/app/endpoints/b1/ready", { headers: { "if-match": "2" } })).status,
      200,
    );
  },
);

test("whatever is wrong with a request is a problem with a code", { timeout: 60_000 }, async (t) => {
  const api = await startApi(t);
  const weight = "/v1/pools/app/endpoints/b1/weight";
  for (const [status, code, method, path, options] of [
    [404, "unknown-name", "GET", "/v1/pools/nope", {}],
    [404, "unknown-name", "GET", "/v1/pools/app/endpoints/nope", {}],
    [404, "unknown-name", "POST", "/v1/pools/app/endpoints/nope/drain", {}],
    [404, "unknown-name", "DELETE", "/v1/pools/nope/endpoints/b1", {}],
    [
      404,
      "unknown-name",
      "POST",
      "/v1/history/endpoints",
      { json: { pool: "nope", endpoints: [], steps: 1 } },
    ],
    [
      400,
      "bad-request",
      "POST",
      "/v1/history/endpoints",
      { json: { pool: "app", endpoints: [], steps: 361 } },
    ],
    [404, "unknown-revision", "GET", "/v1/revisions/99", {}],
    [404, "unknown-revision", "POST", "/v1/config/rollback", { json: {} }],
    [404, "unknown-revision", "POST", "/v1/config/rollback", { json: { revision: 99 } }],
    [404, "no-such-operation", "GET", "/v2/status", {}],
    [405, "method-not-allowed", "DELETE", "/v1/status", {}],
    [400, "bad-json", "PUT", weight, { text: "{", headers: { "content-type": "application/json" } }],
    [400, "bad-request", "PUT", weight, { json: { weight: -1 } }],
    [400, "bad-request", "PUT", weight, { json: { weight: 1, more: 2 } }],
    [400, "bad-request", "PUT", weight, {}],
    [400, "bad-request", "POST", "/v1/pools/app/endpoints/b1/drain", { json: { deadline: "soon" } }],
    [400, "bad-request", "POST", "/v1/explain", { json: { url: "no url" } }],
    [400, "bad-request", "GET", "/v1/events?after=x", {}],
    [400, "bad-request", "GET", "/v1/revisions/last", {}],
    [400, "bad-request", "GET", "/v1/exchanges/stream?status=6xx", {}],
    [400, "bad-request", "GET", "/v1/exchanges/stream?cause=gremlins", {}],
    [400, "bad-request", "GET", "/v1/exchanges/stream?slow=500", {}],
    [
      409,
      "name-taken",
      "POST",
      "/v1/pools/app/endpoints",
      { json: { url: "http://127.0.0.1:9", name: "b1" } },
    ],
    [413, "body-too-large", "PUT", weight, { json: { weight: 1, more: "x".repeat(70_000) } }],
    [
      415,
      "wrong-media-type",
      "PUT",
      weight,
      { text: "weight=1", headers: { "content-type": "application/x-www-form-urlencoded" } },
    ],
    [
      415,
      "wrong-media-type",
      "PUT",
      "/v1/config",
      { text: "<a/>", headers: { "content-type": "application/xml" } },
    ],
    [422, "invalid-config", "PUT", "/v1/config", { text: "pools: { app: { policy: fastest } }\nbogus: 1" }],
    [422, "invalid-config", "PUT", "/v1/config", { text: "include: /etc/passwd" }],
    [422, "invalid-config", "PUT", "/v1/config", { text: "alerts: { receivers: { a: { command: id } } }" }],
    [422, "invalid-config", "POST", "/v1/pools/app/endpoints", { json: { url: "ftp://127.0.0.1" } }],
  ] as const) {
    const answer = await api.ask(method, path, options);
    assertProblem(api, answer, status, code);
    if (code === "invalid-config") assert.ok((field(answer.body, "issues") as unknown[]).length > 0);
  }
  assert.equal(
    field((await api.ask("GET", "/v1/status")).body, "revision"),
    1,
    "nothing was changed by any of them",
  );
});

test(
  "without tokens, names and other sites are refused, and addresses are not",
  { timeout: 60_000 },
  async (t) => {
    const api = await startApi(t, false);
    const { request } = await import("node:http");
    const statusWith = (headers: Record<string, string>): Promise<number> =>
      new Promise((resolve, reject) => {
        const sent = request(`${api.headgate.adminUrl}/v1/status`, { headers }, (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        });
        sent.on("error", reject).end();
      });
    for (const [headers, status] of [
      [{}, 200],
      [{ host: "localhost:9900" }, 200],
      [{ host: "[::1]:9900" }, 200],
      [{ host: "rebound.example.com" }, 403],
      [{ host: "localhost.example.com" }, 403],
      [{ host: "127.0.0.1.example.com" }, 403],
      [{ host: "127.0.0.1", origin: "http://127.0.0.1" }, 200],
      [{ host: "127.0.0.1", origin: "http://evil.example" }, 403],
      [{ host: "127.0.0.1", origin: "null" }, 403],
      [{ "sec-fetch-site": "cross-site" }, 403],
      [{ "sec-fetch-site": "same-origin" }, 200],
    ] as const) {
      assert.equal(await statusWith({ ...headers }), status, JSON.stringify(headers));
    }
    const preflight = await fetch(`${api.headgate.adminUrl}/v1/status`, { method: "OPTIONS" });
    assert.equal(preflight.headers.get("access-control-allow-origin"), null);
  },
);

test(
  "a reload changes tokens where the API is, and moves it when its address changes",
  { timeout: 60_000 },
  async (t) => {
    const api = await startApi(t);
    const { headgate, ask } = api;
    const port = new URL(headgate.adminUrl).port;
    const [otherPort] = [await freePorts(1)];
    const before = readFileSync(headgate.file, "utf8");
    headgate.write(before.replaceAll(writeToken, "changed-token-0123456"));
    // The answer arrives, although it is the request that changes its own token.
    assert.equal((await ask("POST", "/v1/reload", { json: {} })).status, 200);
    assertProblem(api, await ask("GET", "/v1/status"), 401, "wrong-token");
    const token = "changed-token-0123456";
    assert.equal((await ask("GET", "/v1/status", { token })).status, 200);

    headgate.write(
      before.replace('admin: { address: "127.0.0.1:0"', `admin: { address: "127.0.0.1:${otherPort}"`),
    );
    assert.equal((await ask("POST", "/v1/reload", { token, json: {} })).status, 200);
    await headgate.command.until(new RegExp(`"address":"127.0.0.1:${otherPort}"[^\\n]*admin API listening`));
    const moved = await fetch(`http://127.0.0.1:${otherPort}/v1/status`, {
      headers: { authorization: `Bearer ${writeToken}` },
    });
    assert.equal(moved.status, 200);
    await moved.text();
    assert.notEqual(Number(port), otherPort);
  },
);
