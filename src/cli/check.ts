/** `headgate check`: everything that is wrong with a configuration file, and what it would mean, before it runs. */
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import type { LoadedConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { addAdminOptions, type AdminOptions, clientFor } from "./admin-verb.ts";
import { changeLines } from "./config-verbs.ts";
import { UserError } from "./failure.ts";
import { table } from "./table.ts";

interface CheckOptions extends AdminOptions {
  readonly print?: boolean;
  readonly diff?: string;
  readonly routes?: readonly string[];
  readonly strict?: boolean;
}

const examples = `
Examples:
  All problems at once, each with its place; exit status 0 or 1:
    $ headgate check headgate.yaml

  The effective configuration, and where each value comes from:
    $ headgate check headgate.yaml --print

  What a reload of the running Headgate would change and drop:
    $ headgate check headgate.yaml --diff 127.0.0.1:9900
    $ headgate check headgate.yaml --diff headgate.old.yaml

  Routing as a test, by route, pool or status; @FILE reads one assertion a line:
    $ headgate check headgate.yaml --routes "GET http://example.com/api/x => app" "http://example.com/nope => 404"`;

export function addCheckVerb(program: Command): void {
  addAdminOptions(program.command("check"))
    .description("check a configuration file and say what it means; starts nothing")
    .argument("<file>", "YAML, JSON or a module")
    .option("--print", "print the effective configuration with the origin of each value")
    .option("--diff <running>", "show what would change: another file, or the address of an admin API")
    .option(
      "--routes [assertions...]",
      "without assertions, list routes by precedence; with them, check them",
    )
    .option("--strict", "take warnings for errors")
    .addHelpText("after", examples)
    .action(check);
}

async function check(file: string, options: CheckOptions): Promise<void> {
  const { fileSource } = await import("./read-config.ts");
  const { renderIssues } = await import("../config/render-issue.ts");
  const result = await fileSource(file).load();
  const issues = "issues" in result ? result.issues : result.warnings;
  if (issues.length > 0) console.error(renderIssues(issues).trimEnd());
  if ("issues" in result) {
    process.exitCode = 1;
    return;
  }
  const warnings =
    issues.length + (await warnOfRoutes(result.config)) + (await warnOfCertificates(result.config));
  if (options.print === true) await printEffective(result);
  if (options.diff !== undefined) await showDiff(result, options.diff, options);
  const areRoutesRight = options.routes === undefined || (await checkRoutes(result.config, options.routes));
  if (!areRoutesRight || (options.strict === true && warnings > 0)) process.exitCode = 1;
  else if (options.print !== true && options.diff === undefined && options.routes === undefined) {
    console.log(
      `${file} is valid${warnings === 0 ? "" : `, with ${warnings} warning${warnings === 1 ? "" : "s"}`}`,
    );
  }
}

/** Returns how many there are. */
async function warnOfRoutes(config: Config): Promise<number> {
  const { findAmbiguities } = await import("../routing/ambiguity.ts");
  const { configRouteTable } = await import("../runtime/config-routes.ts");
  const ambiguities = findAmbiguities(configRouteTable(config));
  for (const { text } of ambiguities) console.error(`warning: routes: ${text}`);
  return ambiguities.length;
}

/** Returns how many there are. */
async function warnOfCertificates(config: Config): Promise<number> {
  const { certificateWarnings } = await import("../runtime/certificate-warnings.ts");
  const { readTextFile } = await import("../platform/files.ts");
  const { systemClock } = await import("../platform/clock.ts");
  const warnings = certificateWarnings(config, readTextFile, systemClock);
  for (const warning of warnings) console.error(`warning: ${warning}`);
  return warnings.length;
}

async function printEffective(loaded: LoadedConfig): Promise<void> {
  const { printEffective: print } = await import("../config/effective.ts");
  console.log(print(loaded.config, loaded).trimEnd());
}

async function showDiff(loaded: LoadedConfig, other: string, options: AdminOptions): Promise<void> {
  const lines = isFile(other)
    ? await diffWithFile(loaded.config, other)
    : await diffWithRunning(loaded, other, options);
  console.log(lines.length === 0 ? "nothing would change" : lines.join("\n"));
}

function isFile(word: string): boolean {
  return /\.(?:ya?ml|json|[cm]?[jt]s)$/.test(word);
}

async function diffWithFile(config: Config, path: string): Promise<string[]> {
  const { fileSource } = await import("./read-config.ts");
  const { diffConfig, renderDiff } = await import("../config/diff.ts");
  const { renderIssues } = await import("../config/render-issue.ts");
  const other = await fileSource(path).load();
  if ("issues" in other)
    throw new UserError(`${path} cannot be compared with\n\n${renderIssues(other.issues).trimEnd()}`);
  const changes = diffConfig(other.config, config);
  return changes.length === 0 ? [] : [renderDiff(changes).trimEnd()];
}

/** Sends what the user wrote, all files joined: the running one knows its own secrets and fills in its own defaults. */
async function diffWithRunning(loaded: LoadedConfig, url: string, options: AdminOptions): Promise<string[]> {
  const client = clientFor({ ...options, url });
  const text = JSON.stringify(loaded.input, refuseFunctions);
  const { changes } = await client.send("Changes", "POST", "/v1/config/diff", { text });
  return changeLines(changes);
}

function refuseFunctions(key: string, value: unknown): unknown {
  if (typeof value !== "function") return value;
  throw new UserError(`${key} is a function, which cannot be sent to a running Headgate for comparison.`);
}

async function checkRoutes(config: Config, words: readonly string[] | true): Promise<boolean> {
  if (words === true || words.length === 0) {
    await listRoutes(config);
    return true;
  }
  const { checkAssertions, parseAssertion } = await import("../runtime/route-assertions.ts");
  const { SketchError } = await import("../runtime/hypothetical-request.ts");
  try {
    const results = checkAssertions(config, words.flatMap(readAssertions).map(parseAssertion));
    for (const { assertion, holds, found } of results) {
      console.log(`${holds ? "ok  " : "FAIL"} ${assertion.text}${holds ? "" : `, but ${found}`}`);
    }
    return results.every(({ holds }) => holds);
  } catch (error) {
    throw error instanceof SketchError ? new UserError(error.message) : error;
  }
}

/** An assertion, or those in a file: one a line, `#` for comments. */
function readAssertions(word: string): string[] {
  if (!word.startsWith("@")) return [word];
  const path = word.slice(1);
  try {
    return readFileSync(path, "utf8")
      .split("\n")
      .filter((line) => !/^\s*(?:#|$)/.test(line));
  } catch (error) {
    throw new UserError(`cannot read ${path}: ${error instanceof Error ? error.message : String(error)}.`);
  }
}

async function listRoutes(config: Config): Promise<void> {
  const { routeLines } = await import("../routing/explain.ts");
  const { actionText, configRouteTable } = await import("../runtime/config-routes.ts");
  const actions = new Map(config.routes.map((route) => [route.name, actionText(route)]));
  const rows = routeLines(configRouteTable(config)).map(({ route, host, path, conditions, priority }) => [
    route,
    host,
    path,
    conditions,
    String(priority),
    actions.get(route) ?? "",
  ]);
  console.log(table([["ROUTE", "HOST", "PATH", "CONDITIONS", "PRIORITY", "ACTION"], ...rows], [4]));
}
