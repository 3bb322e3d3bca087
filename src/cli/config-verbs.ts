/** Verbs about a running Headgate's configuration: reload, rollback, revisions, drift, persist. */
import type { Command } from "commander";
import type { AdminDocument } from "../config/admin-documents.ts";
import { issueLines } from "./admin-client.ts";
import { addAdminOptions, type AdminOptions, clientFor, print } from "./admin-verb.ts";
import { wholeNumber } from "./option-values.ts";
import { localTime, table } from "./table.ts";

interface ReloadOptions extends AdminOptions {
  readonly discardDrift?: boolean;
}

type ChangeDocument = AdminDocument<"Changes">["changes"][number];

export function addConfigVerbs(program: Command): void {
  addAdminOptions(program.command("reload"))
    .description("read the configuration file again; a file with errors changes nothing")
    .option("--discard-drift", "forget run-time changes of endpoints as well")
    .action(async (options: ReloadOptions) => {
      const body = { discardDrift: options.discardDrift ?? false };
      print(await clientFor(options).send("Reloaded", "POST", "/v1/reload", { body }), options, reloadedText);
    });
  addAdminOptions(program.command("rollback"))
    .description("go back to an earlier configuration; without a number one further back each time")
    .argument("[revision]", "its number, see `headgate revisions`", wholeNumber)
    .action(async (revision: number | undefined, options: AdminOptions) => {
      const body = revision === undefined ? {} : { revision };
      print(
        await clientFor(options).send("Revision", "POST", "/v1/config/rollback", { body }),
        options,
        rolledBackText,
      );
    });
  addAdminOptions(program.command("revisions"))
    .description("list the configurations that were in force, newest first")
    .action(async (options: AdminOptions) => {
      print(await clientFor(options).get("RevisionList", "/v1/revisions"), options, revisionTable);
    });
  addAdminOptions(program.command("drift"))
    .description("show what was changed at run time and does not stand in the file")
    .action(async (options: AdminOptions) => {
      print(await clientFor(options).get("Drift", "/v1/config/drift"), options, driftText);
    });
  addAdminOptions(program.command("persist"))
    .description("write run-time changes of endpoints into the files they belong to, comments kept")
    .action(async (options: AdminOptions) => {
      print(await clientFor(options).send("Persisted", "POST", "/v1/config/persist"), options, persistedText);
    });
}

function persistedText({ files, endpoints, left }: AdminDocument<"Persisted">): string {
  const wrote =
    endpoints.length === 0 ? "nothing to write" : `wrote ${endpoints.join(", ")} to ${files.join(" and ")}`;
  if (left.length === 0) return wrote;
  return `${wrote}\n${left.join(", ")}: found by a source, so the change holds until it is undone or Headgate is started again`;
}

export function changeLines(changes: readonly ChangeDocument[]): string[] {
  const signs = { added: "+", removed: "-", changed: "~", reordered: "↕" } as const;
  return changes.flatMap(({ kind, path, before, after, dropped }) => {
    const text =
      kind === "changed"
        ? `: ${before} → ${after}`
        : kind === "added" && after !== "…" && after !== ""
          ? `: ${after}`
          : "";
    return [`${signs[kind]} ${path}${text}`, ...(dropped === null ? [] : [`    ${dropped}`])];
  });
}

function reloadedText(document: AdminDocument<"Reloaded">): string {
  const { outcome, revision, changes, warnings, kept, replaced } = document;
  const head =
    outcome === "applied"
      ? `revision ${revision} is in force`
      : `nothing has changed; revision ${revision} stays`;
  return [
    head,
    ...changeLines(changes),
    ...(kept.length === 0
      ? []
      : [`run-time changes kept: ${kept.join(", ")} (--discard-drift forgets them)`]),
    ...(replaced.length === 0 ? [] : [`run-time changes replaced by the file: ${replaced.join(", ")}`]),
    ...issueLines(warnings),
  ].join("\n");
}

function rolledBackText({ number, restores, changes }: AdminDocument<"Revision">): string {
  return [`revision ${restores} is back as revision ${number}`, ...changeLines(changes)].join("\n");
}

function revisionTable({ revisions }: AdminDocument<"RevisionList">): string {
  const rows = revisions.map(({ number, time, origin, changes, restores, isCurrent }) => [
    `${isCurrent ? "*" : " "}${number}`,
    localTime(time, new Date()),
    origin.way,
    origin.by ?? "",
    String(changes.length),
    restores === null ? (origin.note ?? "") : `back to ${restores}`,
  ]);
  return table([[" REVISION", "TIME", "WAY", "BY", "CHANGES", "WHAT"], ...rows], [4]);
}

function driftText({ changes, isPersistable }: AdminDocument<"Drift">): string {
  if (changes.length === 0) return "none: the file says what is in force";
  const remedy = isPersistable
    ? "`headgate persist` writes it into the file, `headgate reload --discard-drift` forgets it"
    : "the configuration was replaced as a whole; `headgate reload` takes the file again";
  return [...changeLines(changes), "", remedy].join("\n");
}
