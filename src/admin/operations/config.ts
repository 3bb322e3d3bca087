/** The configuration: what it is, what another would change, making one current, going back, drift. */
import { configTree, configYaml } from "../../config/admin-view.ts";
import { diffConfig } from "../../config/diff.ts";
import type { LoadedConfig } from "../../config/load.ts";
import { withoutFound } from "../../runtime/found-endpoints.ts";
import type { Reloader } from "../../runtime/reloader.ts";
import { changeDocument, issueDocument, reloadedDocument, revisionDocument } from "../documents/changes.ts";
import { type AdminCall, type Operation, operation } from "../operation.ts";
import { ProblemError } from "../problem.ts";

export const configOperations: readonly Operation[] = [
  operation({
    id: "getConfig",
    method: "GET",
    path: "/v1/config",
    scope: "read",
    summary: "The effective configuration, defaults filled in, secrets hidden",
    takes: null,
    answers: "Config",
    run: ({ context }) => ({
      document: {
        revision: revisionNumber(context),
        config: configTree(withoutFound(context.balancer.config)),
      },
    }),
  }),
  {
    id: "getConfigYaml",
    method: "GET",
    path: "/v1/config.yaml",
    scope: "read",
    summary: "The same as YAML",
    takes: null,
    answers: "text",
    handle: ({ context }) =>
      new Response(configYaml(withoutFound(context.balancer.config)), {
        headers: {
          "content-type": "application/yaml",
          "cache-control": "no-store",
          etag: `"${revisionNumber(context)}"`,
        },
      }),
  },
  operation({
    id: "putConfig",
    method: "PUT",
    path: "/v1/config",
    scope: "write",
    summary: "Makes a configuration (YAML or JSON) current by difference, or changes nothing",
    takes: "config-text",
    takesRevision: true,
    answers: "Changes",
    async run(call) {
      const loaded = await loadOrRefuse(call);
      const { changes } = call.context.balancer;
      const before = changes.revisions.current?.number ?? 0;
      const revision = await changes.replace(loaded.config, {
        origin: call.origin("apply"),
        expected: call.expected,
      });
      return {
        document: {
          revision: revision.number,
          changes: revision.number === before ? [] : revision.changes.map(changeDocument),
          warnings: loaded.warnings.map(issueDocument),
        },
      };
    },
  }),
  operation({
    id: "validateConfig",
    method: "POST",
    path: "/v1/config/validate",
    // Not `read`: a configuration may name any variable of the environment.
    scope: "write",
    summary: "All that is wrong with a configuration; changes nothing",
    takes: "config-text",
    answers: "Validation",
    async run({ context, body }) {
      const result = await context.loadText(body);
      const issues = "issues" in result ? result.issues : result.warnings;
      return { document: { isValid: "config" in result, issues: issues.map(issueDocument) } };
    },
  }),
  operation({
    id: "diffConfig",
    method: "POST",
    path: "/v1/config/diff",
    // Not `read`: a configuration may name any variable of the environment.
    scope: "write",
    summary: "What a configuration would change and what that would drop; changes nothing",
    takes: "config-text",
    answers: "Changes",
    async run(call) {
      const loaded = await loadOrRefuse(call);
      const { balancer } = call.context;
      const changes = diffConfig(balancer.config, balancer.changes.declared(loaded.config));
      return {
        document: {
          revision: revisionNumber(call.context),
          changes: changes.map(changeDocument),
          warnings: loaded.warnings.map(issueDocument),
        },
      };
    },
  }),
  operation({
    id: "rollbackConfig",
    method: "POST",
    path: "/v1/config/rollback",
    scope: "write",
    summary: "Goes back to a revision; without one to that before, one further back each time",
    takes: "RollbackOrder",
    takesRevision: true,
    answers: "Revision",
    async run(call) {
      const { changes } = call.context.balancer;
      const to = call.body.revision ?? null;
      const origin = {
        ...call.origin(to === null ? "rollback" : `rollback ${to}`),
        way: "rollback" as const,
      };
      const revision = await changes.rollback(to, { origin, expected: call.expected });
      return { document: revisionDocument(revision, revision.number) };
    },
  }),
  operation({
    id: "getDrift",
    method: "GET",
    path: "/v1/config/drift",
    scope: "read",
    summary: "What was changed at run time and does not stand in the file",
    takes: null,
    answers: "Drift",
    run({ context }) {
      const { changes, endpoints } = sourceOf(context.reloader).drift();
      return { document: { changes: changes.map(changeDocument), isPersistable: endpoints !== null } };
    },
  }),
  operation({
    id: "persistDrift",
    method: "POST",
    path: "/v1/config/persist",
    scope: "write",
    summary: "Writes run-time edits of endpoints into the files they belong to",
    takes: null,
    answers: "Persisted",
    async run({ context }) {
      sourceOf(context.reloader);
      const { files, endpoints, left } = await context.persist();
      return { document: { files: [...files], endpoints: [...endpoints], left: [...left] } };
    },
  }),
  operation({
    id: "listRevisions",
    method: "GET",
    path: "/v1/revisions",
    scope: "read",
    summary: "The configurations that were in force, newest first: when, how, by whom, what changed",
    takes: null,
    answers: "RevisionList",
    run({ context }) {
      const current = revisionNumber(context);
      const { all } = context.balancer.changes.revisions;
      return { document: { current, revisions: all.map((revision) => revisionDocument(revision, current)) } };
    },
  }),
  operation({
    id: "getRevision",
    method: "GET",
    path: "/v1/revisions/{revision}",
    scope: "read",
    summary: "One revision",
    takes: null,
    answers: "Revision",
    run({ context, params }) {
      const text = params["revision"] ?? "";
      if (!/^[1-9]\d{0,8}$/.test(text))
        throw new ProblemError("bad-request", `'${text}' is no revision number`);
      const revision = context.balancer.changes.revisions.find(Number(text));
      return { document: revisionDocument(revision, revisionNumber(context)) };
    },
  }),
  operation({
    id: "reload",
    method: "POST",
    path: "/v1/reload",
    scope: "write",
    summary: "Reads the file again; a file with errors changes nothing",
    takes: "ReloadOrder",
    takesRevision: true,
    answers: "Reloaded",
    async run(call) {
      const outcome = await sourceOf(call.context.reloader).reload({
        origin: { ...call.origin("reload"), way: "reload" },
        isDriftDiscarded: call.body.discardDrift ?? false,
        expected: call.expected,
      });
      if (outcome.kind !== "refused") return { document: reloadedDocument(outcome) };
      throw new ProblemError("invalid-config", outcome.reason, { issues: outcome.issues.map(issueDocument) });
    },
  }),
];

function revisionNumber({ balancer }: AdminCall["context"]): number {
  return balancer.changes.revisions.current?.number ?? 0;
}

async function loadOrRefuse({ context, body }: AdminCall<string>): Promise<LoadedConfig> {
  const result = await context.loadText(body);
  if ("config" in result) return result;
  const count = result.issues.filter(({ severity }) => severity === "error").length;
  throw new ProblemError("invalid-config", count === 1 ? "it has 1 error" : `it has ${count} errors`, {
    issues: result.issues.map(issueDocument),
  });
}

function sourceOf(reloader: Reloader | null): Reloader {
  if (reloader !== null) return reloader;
  throw new ProblemError(
    "no-source",
    "Headgate was started with flags: there is no file to read or to write",
  );
}
