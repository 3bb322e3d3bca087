/** From flags or a file to a checked configuration, or to a list of everything that is wrong with it. */
import { readdir, readFile as readText } from "node:fs/promises";
import { resolve } from "node:path";
import { configFromFlags, type Flags } from "../config/flags.ts";
import type { ConfigIssue } from "../config/issue.ts";
import { loadConfigFile, type LoadedConfig, type LoadResult } from "../config/load.ts";
import { parseConfig } from "../config/parse.ts";
import { renderIssues } from "../config/render-issue.ts";
import type { ConfigReader } from "../config/reader.ts";
import type { Config } from "../config/schema.ts";
import { filesBehindModule, importModule, moduleUrl } from "../platform/modules.ts";
import { UserError } from "./failure.ts";

/** Throws a UserError that lists all problems. */
export function readFlags(flags: Flags): Config {
  const { input, origin } = configFromFlags(flags);
  const result = parseConfig(input, origin);
  return "config" in result ? accept(result) : refuse(result.issues);
}

/** A file in any spelling, to be loaded again and again. */
export function fileSource(path: string): { readonly name: string; load(): Promise<LoadResult> } {
  const absolute = resolve(path);
  return { name: absolute, load: () => loadConfigFile(absolute, systemReader) };
}

/** Throws a UserError that lists all problems. */
export async function readFile(path: string): Promise<LoadedConfig> {
  const result = await fileSource(path).load();
  if ("issues" in result) return refuse(result.issues);
  accept(result);
  return result;
}

const systemReader: ConfigReader = {
  readText: (path) => readText(path, "utf8"),
  list: (folder) => readdir(folder),
  importModule: (path) => importModule(moduleUrl(path)),
  filesBehindModule,
  environment: process.env,
};

function accept(result: { readonly config: Config; readonly warnings: readonly ConfigIssue[] }): Config {
  if (result.warnings.length > 0) console.error(renderIssues(result.warnings));
  return result.config;
}

function refuse(issues: readonly ConfigIssue[]): never {
  throw new UserError(`cannot start with this configuration\n\n${renderIssues(issues).trimEnd()}`);
}
