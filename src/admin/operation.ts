/**
 * What an operation of the API is: one entry of the table from which the router and the published
 * document are made. It knows no HTTP library.
 */
import type {
  AdminDocument,
  AdminDocumentName,
  AdminRequest,
  AdminRequestName,
} from "../config/admin-documents.ts";
import type { Config } from "../config/schema.ts";
import type { LoadResult } from "../config/load.ts";
import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { Random } from "../core/random.ts";
import type { Persisted } from "../runtime/persist.ts";
import type { OperatedLoadBalancer } from "../runtime/load-balancer-interface.ts";
import type { Reloader } from "../runtime/reloader.ts";
import type { ChangeOrigin } from "../runtime/revisions.ts";
import type { LiveFeed } from "./live/live-feed.ts";

/** What the API is about. */
export interface AdminContext {
  readonly balancer: OperatedLoadBalancer;
  /** Null when the configuration came from flags. */
  readonly reloader: Reloader | null;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly version: string;
  readonly pid: number;
  readonly startedWallMs: number;
  readonly isWatched: boolean;
  /** What the file said last, or the flags. */
  writtenConfig(): Config;
  /** A sentence when new requests should go elsewhere; null when all is well. */
  notReadyReason(): string | null;
  /** Reads a configuration that came in a request; it may include no files. */
  loadText(text: string): Promise<LoadResult>;
  /** Writes the run-time edits into the file; throws a PersistError. */
  persist(): Promise<Persisted>;
}

/** Who asks, for the record, and whether they may change things. */
export interface Caller {
  readonly name: string;
  readonly mayWrite: boolean;
}

/** `none`: anybody; `read`, `write`: as tokens say. */
export type OperationScope = "none" | "read" | "write";

/** One request, as the handlers see it. */
export interface AdminCall<Body = undefined> {
  readonly context: AdminContext;
  /** Of the path, decoded. */
  readonly params: Readonly<Record<string, string>>;
  /** Parameters of the query; undefined when absent. */
  query(name: string): string | undefined;
  header(lowerName: string): string | undefined;
  readonly body: Body;
  /** The revision the client expects; null when it does not care. */
  readonly expected: number | null;
  readonly caller: Caller;
  /** Whoever watches live. */
  readonly live: LiveFeed;
  /** Where changes come from, for the revision. */
  origin(note: string): ChangeOrigin;
  /** Aborted when the client is gone or the program stops. */
  readonly signal: AbortSignal;
}

export interface QueryParameter {
  readonly name: string;
  readonly description: string;
}

interface OperationBase {
  readonly id: string;
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** `/v1/pools/{pool}`. */
  readonly path: string;
  readonly scope: OperationScope;
  readonly summary: string;
  readonly query?: readonly QueryParameter[];
  /** Takes `If-Match` with a revision. */
  readonly takesRevision?: boolean;
}

/** How an answer is described. */
export type AnswerKind = AdminDocumentName | "text" | "metrics" | "events" | "openapi";

export interface AdminAnswer<Name extends AdminDocumentName> {
  readonly document: AdminDocument<Name>;
  readonly status?: number;
}

export interface Operation extends OperationBase {
  /** What the body is: a request's schema, a configuration as text, or none. */
  readonly takes: AdminRequestName | "config-text" | null;
  readonly answers: AnswerKind;
  /** Statuses of answers that are no problems; 200 unless given. */
  readonly statuses?: readonly number[];
  handle(call: AdminCall<unknown>): Promise<Response> | Response;
}

/** An operation that answers with a document. */
export function operation<
  Name extends AdminDocumentName,
  Takes extends AdminRequestName | "config-text" | null,
>(
  spec: OperationBase & {
    readonly takes: Takes;
    readonly answers: Name;
    readonly statuses?: readonly number[];
    run(call: AdminCall<BodyOf<Takes>>): Promise<AdminAnswer<Name>> | AdminAnswer<Name>;
  },
): Operation {
  const { run, ...rest } = spec;
  return {
    ...rest,
    async handle(call) {
      const { document, status = 200 } = await run(call as AdminCall<BodyOf<Takes>>);
      return jsonResponse(document, status, call.context.balancer.changes.revisions.current?.number ?? 0);
    },
  };
}

type BodyOf<Takes> = Takes extends AdminRequestName
  ? AdminRequest<Takes>
  : Takes extends "config-text"
    ? string
    : undefined;

export function jsonResponse(document: unknown, status: number, revision: number): Response {
  return new Response(`${JSON.stringify(document)}\n`, {
    status,
    headers: { "content-type": "application/json", "cache-control": "no-store", etag: `"${revision}"` },
  });
}
