/** The API as a function from request to response: the table of operations behind its guards. */
import { Hono } from "hono";
import type { AdminConfig } from "../config/schema-admin.ts";
import { Access } from "./access.ts";
import type { Dashboard } from "./dashboard.ts";
import type { LiveFeed } from "./live/live-feed.ts";
import { openApiDocument } from "./openapi.ts";
import { type AdminCall, type AdminContext, type Caller, jsonResponse, type Operation } from "./operation.ts";
import { allOperations } from "./operations/all.ts";
import { ProblemError, problemOf, problemResponse } from "./problem.ts";
import { readBody } from "./request-body.ts";

export interface AdminAppParts {
  readonly context: AdminContext;
  readonly tokens: AdminConfig["tokens"];
  /** Further operations, such as metrics. */
  readonly more?: readonly Operation[];
  /** Aborted when the API closes, which ends its streams. */
  readonly closing: AbortSignal;
  readonly live: LiveFeed;
  readonly dashboard: Dashboard;
}

export type AdminApp = (request: Request) => Response | Promise<Response>;

export function createAdminApp(parts: AdminAppParts): AdminApp {
  const { context } = parts;
  const access = new Access(parts.tokens);
  const operations = [...allOperations, ...(parts.more ?? [])];
  const published = withDocument(operations, context.version);
  const app = new Hono();
  for (const operation of published) {
    app.on(operation.method, honoPath(operation.path), ({ req }) =>
      answer(operation, req.raw, req.param() as Record<string, string>, parts, access),
    );
  }
  app.notFound(({ req }) => parts.dashboard.answer(req.raw) ?? notFound(req.raw, published, access));
  app.onError((error) => failed(error, context));
  return (request) => app.fetch(request);
}

function withDocument(operations: readonly Operation[], version: string): readonly Operation[] {
  const own: Operation = {
    id: "getOpenApi",
    method: "GET",
    path: "/openapi.json",
    scope: "none",
    summary: "This document",
    takes: null,
    answers: "openapi",
    handle: ({ context }) =>
      jsonResponse(document, 200, context.balancer.changes.revisions.current?.number ?? 0),
  };
  const all = [...operations, own];
  const document = openApiDocument(all, version);
  return all;
}

function honoPath(path: string): string {
  return path.replace(/\{(\w+)\}/g, ":$1");
}

async function answer(
  operation: Operation,
  request: Request,
  params: Record<string, string>,
  parts: AdminAppParts,
  access: Access,
): Promise<Response> {
  const { context } = parts;
  try {
    const caller = access.check(askedBy(request), operation.scope);
    const body = await readBody(request, operation.takes);
    const response = await operation.handle(callOf(operation, request, params, body, caller, parts));
    if (operation.scope === "write") {
      context.log.info("operator", { operation: operation.id, by: caller.name, ...params });
    }
    return response;
  } catch (error) {
    return failed(error, context);
  }
}

function callOf(
  operation: Operation,
  request: Request,
  params: Record<string, string>,
  body: unknown,
  caller: Caller,
  { context, closing, live }: AdminAppParts,
): AdminCall<unknown> {
  const { searchParams } = new URL(request.url);
  return {
    context,
    params,
    query: (name) => searchParams.get(name) ?? undefined,
    header: (lowerName) => request.headers.get(lowerName) ?? undefined,
    body,
    expected: operation.takesRevision === true ? expectedRevision(request.headers.get("if-match")) : null,
    caller,
    live,
    origin: (note) => ({ way: "api", by: caller.name, note }),
    signal: AbortSignal.any([request.signal, closing]),
  };
}

/** `"12"`, `12` or `*`. */
function expectedRevision(ifMatch: string | null): number | null {
  if (ifMatch === null || ifMatch.trim() === "*") return null;
  const match = /^\s*(?:"(\d{1,9})"|(\d{1,9}))\s*$/.exec(ifMatch);
  if (match !== null) return Number(match[1] ?? match[2]);
  throw new ProblemError("bad-request", `If-Match takes a revision such as "12", not ${ifMatch}`);
}

function askedBy({ headers }: Request): Parameters<Access["check"]>[0] {
  return {
    host: headers.get("host") ?? undefined,
    origin: headers.get("origin") ?? undefined,
    fetchSite: headers.get("sec-fetch-site") ?? undefined,
    authorization: headers.get("authorization") ?? undefined,
  };
}

/** Only those who may read learn what there is. */
function notFound(request: Request, operations: readonly Operation[], access: Access): Response {
  const { pathname } = new URL(request.url);
  try {
    access.check(askedBy(request), "read");
    const methods = operations
      .filter(({ path }) => pathPattern(path).test(pathname))
      .map(({ method }) => method);
    if (methods.length === 0)
      throw new ProblemError("no-such-operation", `${pathname} is not there; see /openapi.json`);
    const allow = [...new Set(methods)].join(", ");
    throw new ProblemError("method-not-allowed", `${pathname} knows ${allow}`, {}, { allow });
  } catch (error) {
    return problemResponse(problemOf(error) ?? new ProblemError("internal-error", "see the log"));
  }
}

function pathPattern(path: string): RegExp {
  const escaped = path.split(/\{\w+\}/).map((part) => part.replace(/[.]/g, "\\."));
  return new RegExp(`^${escaped.join("[^/]+")}$`);
}

function failed(error: unknown, { log }: AdminContext): Response {
  const problem = problemOf(error);
  if (problem !== null) return problemResponse(problem);
  log.error("admin operation failed", {
    reason: error instanceof Error ? (error.stack ?? error.message) : String(error),
  });
  return problemResponse(new ProblemError("internal-error", "the log has the details"));
}
