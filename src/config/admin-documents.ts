/**
 * What the admin API takes and answers. The same schemas check requests and make the published OpenAPI
 * document, which is why they stand here, where `zod` lives. Times are ISO 8601, durations milliseconds
 * unless they are written with a unit.
 */
import * as z from "zod";
import { certificateList } from "./admin-certificates.ts";
import { explanationDocument } from "./admin-explanation.ts";
import { ambiguity, drain, endpoint, listener, pool, route } from "./admin-pools.ts";
import { count, ms, time } from "./admin-scalars.ts";
import { alertList, diagnosis, endpointHistories, exchange, history } from "./admin-traffic.ts";
import { parseDurationMs } from "../core/units.ts";

const issue = z.object({
  severity: z.enum(["error", "warning"]),
  code: z.string(),
  path: z.string(),
  message: z.string(),
  found: z.string().nullable(),
  allowed: z.string().nullable(),
  suggestion: z.string().nullable(),
  location: z.object({ source: z.string(), line: count, column: count }).nullable(),
});

const change = z.object({
  kind: z.enum(["added", "removed", "changed", "reordered"]),
  path: z.string(),
  before: z.string().meta({ description: "As users write it, secrets hidden; empty when there was none." }),
  after: z.string(),
  effect: z.enum(["live", "rebind", "reconnect", "restart"]),
  dropped: z.string().nullable().meta({ description: "What becomes of what was being served." }),
});

const origin = z.object({
  way: z.enum(["start", "signal", "watch", "reload", "api", "rollback", "library"]),
  by: z.string().nullable(),
  note: z.string().nullable(),
});

const revision = z.object({
  number: z.number().int().min(1),
  time,
  origin,
  changes: z.array(change),
  restores: z.number().int().nullable(),
  isCurrent: z.boolean(),
});

const lastReload = z.object({
  time,
  origin,
  outcome: z.enum(["applied", "unchanged", "refused"]),
  reason: z.string().nullable(),
  issues: z.array(issue),
});

const drift = z.object({
  changes: z.array(change),
  isPersistable: z.boolean().meta({ description: "True when it consists of edits of endpoints." }),
});

const status = z.object({
  version: z.string(),
  pid: count,
  phase: z.enum(["serving", "stopping"]),
  started: time,
  uptimeMs: ms,
  workers: count.meta({ description: "Worker threads; 0 when the main thread serves." }),
  workersServing: count.meta({ description: "Those that serve now; fewer while one that died is replaced." }),
  revision: z.number().int(),
  source: z.string().nullable().meta({ description: "The configuration file; null without one." }),
  isWatched: z.boolean(),
  lastReload: lastReload.nullable(),
  reloads: z.object({ applied: count, unchanged: count, refused: count }),
  driftCount: count,
  listeners: z.array(listener),
  pools: z.array(pool.omit({ endpoints: true })),
  totals: z.object({
    activeRequests: count,
    requests: count,
    failures: count,
    retries: count,
    bytesIn: ms,
    bytesOut: ms,
  }),
  drains: z.array(drain),
  certificates: certificateList,
});

const configDocument = z.object({
  revision: z.number().int(),
  config: z
    .record(z.string(), z.unknown())
    .meta({ description: "Effective, as users write it, secrets hidden." }),
});

const validation = z.object({ isValid: z.boolean(), issues: z.array(issue) });
const changesDocument = z.object({
  revision: z.number().int().meta({ description: "The revision in force." }),
  changes: z.array(change),
  warnings: z.array(issue),
});

const reloadOutcome = z.object({
  outcome: z.enum(["applied", "unchanged"]),
  revision: z.number().int(),
  changes: z.array(change),
  warnings: z.array(issue),
  kept: z
    .array(z.string())
    .meta({ description: "Endpoints whose run-time edits still hold: pool/endpoint." }),
  replaced: z
    .array(z.string())
    .meta({ description: "Endpoints whose run-time edits the file has overtaken." }),
});

const persisted = z.object({
  files: z.array(z.string()),
  endpoints: z.array(z.string()),
  left: z
    .array(z.string())
    .meta({ description: "Edits of endpoints that a source found: the file has no line for them." }),
});

const event = z.object({
  id: z.number().int(),
  time,
  kind: z.string(),
  level: z.enum(["info", "warn", "error"]),
  message: z.string(),
  pool: z.string().optional(),
  endpoint: z.string().optional(),
  origin: z.string().optional(),
});

const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  code: z.string().meta({ description: "Stable." }),
  detail: z.string(),
  issues: z.array(issue).optional().meta({ description: "What is wrong with a configuration, all at once." }),
  currentRevision: z.number().int().optional(),
});

const health = z.object({ status: z.enum(["ok", "not-ready"]), reason: z.string().nullable() });

const duration = z
  .string()
  .refine((text) => parseDurationMs(text) !== null, "a duration with its unit, such as 30s")
  .meta({ description: "With its unit: 500ms, 30s, 5m." });

const documents = {
  Access: z.object({ needsToken: z.boolean() }),
  Status: status,
  Pool: pool,
  PoolList: z.object({ pools: z.array(pool) }),
  Endpoint: endpoint,
  EndpointList: z.object({ endpoints: z.array(endpoint) }),
  Drain: drain,
  DrainList: z.object({ drains: z.array(drain) }),
  ListenerList: z.object({ listeners: z.array(listener) }),
  RouteList: z.object({ routes: z.array(route), ambiguities: z.array(ambiguity) }),
  Config: configDocument,
  Validation: validation,
  Changes: changesDocument,
  Drift: drift,
  Persisted: persisted,
  Revision: revision,
  RevisionList: z.object({ current: z.number().int(), revisions: z.array(revision) }),
  Reloaded: reloadOutcome,
  Event: event,
  EventList: z.object({ events: z.array(event) }),
  Explanation: explanationDocument,
  Diagnosis: diagnosis,
  CertificateList: certificateList,
  AlertList: alertList,
  AlertTest: z.object({
    receivers: z.array(
      z.object({
        name: z.string(),
        error: z.string().nullable().meta({ description: "Null when it took it." }),
      }),
    ),
  }),
  Exchange: exchange,
  History: history,
  EndpointHistories: endpointHistories,
  Health: health,
  Problem: problem,
};

/** Bodies of requests. */
const requests = {
  NewEndpoint: z
    .looseObject({ url: z.string(), name: z.string().optional(), weight: count.optional() })
    .meta({ description: "An endpoint as in the configuration; see its documentation for further fields." }),
  Weight: z.strictObject({ weight: count.max(65_535) }),
  DrainOrder: z.strictObject({ deadline: duration.optional() }),
  RollbackOrder: z.strictObject({ revision: z.number().int().min(1).optional() }),
  ReloadOrder: z.strictObject({
    discardDrift: z
      .boolean()
      .optional()
      .meta({ description: "Forget run-time edits and take the file as it stands." }),
  }),
  HistoryQuery: z.strictObject({
    pool: z.string(),
    endpoints: z.array(z.string()).max(100),
    steps: z.number().int().min(1).max(360).meta({ description: "Of 10 s each." }),
  }),
  RequestSketch: z.strictObject({
    method: z.string().optional(),
    url: z.string(),
    headers: z.array(z.tuple([z.string(), z.string()])).optional(),
    client: z.string().optional(),
    listener: z.string().optional(),
  }),
};

export type AdminDocumentName = keyof typeof documents;
export type AdminRequestName = keyof typeof requests;
export type AdminDocument<Name extends AdminDocumentName> = z.output<(typeof documents)[Name]>;
export type AdminRequest<Name extends AdminRequestName> = z.output<(typeof requests)[Name]>;

/** The body as its schema has it, or what is wrong with it in one sentence each. */
export function readAdminRequest<Name extends AdminRequestName>(
  name: Name,
  body: unknown,
): { readonly value: AdminRequest<Name> } | { readonly problems: readonly string[] } {
  const result = requests[name].safeParse(body);
  if (result.success) return { value: result.data as AdminRequest<Name> };
  return {
    problems: result.error.issues.map(({ path: at, message }) =>
      at.length === 0 ? message : `${at.join(".")}: ${message}`,
    ),
  };
}

/** All of them as JSON Schemas (2020-12) that refer to one another below `#/components/schemas/`. */
export function adminJsonSchemas(): Record<string, unknown> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries({ ...documents, ...requests })) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, { uri: (id) => `#/components/schemas/${id}`, io: "input" });
  return Object.fromEntries(
    Object.entries(schemas).map(([id, { $schema: _schema, $id: _id, ...schema }]) => [id, schema]),
  );
}
