/**
 * Rewrites of the request target, in this order: strip a prefix, replace the path, replace parts by regular
 * expression, add a prefix, edit the query. Without a rewrite the raw target is forwarded. The Host and the
 * method an endpoint sees are compiled here too; the proxy applies them.
 */
import { evaluateForHeader, type Template } from "../core/template.ts";
import type { TemplateScope } from "../core/template-scope.ts";
import { canonicalSpecPath, isPlainPath, normalPath, pathReadings } from "./path-reading.ts";
import { editQuery, type QueryEdit } from "./query-edit.ts";
import { compileRegex, regexCaptureNames } from "./regex.ts";
import { compileField, type TemplateContext } from "./template-field.ts";
import { withCaptures } from "./capture-scope.ts";
import { escapeTarget } from "./url-text.ts";

/** Null or absent means: leave it. */
export interface RewriteSpec {
  /** `/api`: taken off where the path has it, by whole segments. */
  readonly stripPrefix?: string | null;
  readonly addPrefix?: string | null;
  /** Template of the new path; with a `?` in it, of the query too. */
  readonly path?: string | null;
  /** The first place that matches becomes `replace`, a template in which `$1` is the first group. */
  readonly regex?: readonly { readonly match: string; readonly replace: string }[];
  /** Parameters to set, or with null to remove. */
  readonly query?: Readonly<Record<string, string | null>>;
  readonly host?: string | null;
  readonly method?: string | null;
}

export interface Rewrite {
  /** True when the target itself is changed. */
  readonly changesTarget: boolean;
  readonly stripPrefix: string;
  readonly addPrefix: string;
  readonly path: Template | null;
  readonly regexes: readonly { readonly regex: RegExp; readonly replace: Template }[];
  readonly query: readonly QueryEdit[];
  /** The Host to send, or null. */
  readonly host: Template | null;
  /** The method to send, or null. */
  readonly method: string | null;
}

export function compileRewrite(spec: RewriteSpec, field: string, context: TemplateContext): Rewrite {
  const optional = (source: string | null | undefined, name: string): Template | null =>
    source === null || source === undefined
      ? null
      : compileField(source, `${field}.${name}`, "route", context);
  const stripPrefix = prefixOf(spec.stripPrefix ?? "", `${field}.stripPrefix`, context);
  const addPrefix = prefixOf(spec.addPrefix ?? "", `${field}.addPrefix`, context);
  const path = optional(spec.path, "path");
  const regexes = (spec.regex ?? []).map((rule, index) =>
    compileRule(rule, `${field}.regex[${index}]`, context),
  );
  const query = Object.entries(spec.query ?? {}).map(([name, value]) => ({
    name,
    value: optional(value, `query.${name}`),
  }));
  const method = spec.method ?? null;
  if (method !== null && !/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(method))
    context.sink.report(`${field}.method`, `"${method}" is not a method`);
  const changesTarget =
    stripPrefix !== "" || addPrefix !== "" || path !== null || regexes.length > 0 || query.length > 0;
  return {
    changesTarget,
    stripPrefix,
    addPrefix,
    path,
    regexes,
    query,
    host: optional(spec.host, "host"),
    method,
  };
}

/** Without its final slash. */
function prefixOf(prefix: string, field: string, { sink }: TemplateContext): string {
  if (prefix !== "" && (!prefix.startsWith("/") || /[?#]|\/\//.test(prefix)))
    sink.report(field, `"${prefix}" is not a path that begins with a slash`);
  return canonicalSpecPath(prefix.replace(/\/$/, ""));
}

function compileRule(
  rule: { match: string; replace: string },
  field: string,
  context: TemplateContext,
): Rewrite["regexes"][number] {
  const regex = compileRegex({ regex: rule.match }, `${field}.match`, context.sink);
  const captures = context.captures === null ? null : [...context.captures, "0", ...regexCaptureNames(regex)];
  const source = rule.replace.replaceAll(/\$(\d)/g, "${capture.$1}");
  return { regex, replace: compileField(source, `${field}.replace`, "route", { ...context, captures }) };
}

/**
 * The new target, or null when the path must not be rewritten: some server would read it as climbing out
 * of where the rewrite puts it (`%2F..`). Answer 400 then. `*` stays `*`.
 */
export function rewriteTarget(rewrite: Rewrite, scope: TemplateScope): string | null {
  if (!rewrite.changesTarget || !scope.path.startsWith("/")) return scope.target;
  let path = strippedPath(rewrite.stripPrefix, scope.path);
  if (path === null) return null;
  if (rewrite.path !== null) path = evaluateForHeader(rewrite.path, scope);
  // An escaped letter must not hide the path from a rule.
  else if (rewrite.regexes.length > 0) path = normalPath(path);
  for (const rule of rewrite.regexes) path = replaceOnce(rule, path, scope);
  const mark = path.indexOf("?");
  const query = mark === -1 ? scope.query : path.slice(mark + 1);
  const target = rewrite.addPrefix + escapeTarget(mark === -1 ? path : path.slice(0, mark));
  const edited = editQuery(query, rewrite.query, scope);
  return edited === "" ? target : escapeTarget(`${target}?${edited}`);
}

/**
 * The path to go on with: raw where it has but one reading, else the normal form; null when even that can
 * be read as going upwards.
 */
function strippedPath(prefix: string, raw: string): string | null {
  if (isPlainPath(raw)) return withoutPrefix(prefix, raw) ?? raw;
  const readings = pathReadings(raw);
  const path = readings.length === 1 ? raw : normalPath(raw);
  if (readings.length !== 1 && (readings.length === 0 || pathReadings(path).some(climbs))) return null;
  return withoutPrefix(prefix, path) ?? withoutPrefix(prefix, normalPath(path)) ?? path;
}

function climbs(reading: string): boolean {
  return /\/\.\.(?:\/|$)/.test(reading);
}

function withoutPrefix(prefix: string, path: string): string | null {
  if (!path.startsWith(prefix)) return null;
  const rest = path.slice(prefix.length);
  return rest === "" || rest.startsWith("/") ? rest : null;
}

/** Only the part that matched is replaced; a rule for the whole path is anchored. */
function replaceOnce(rule: Rewrite["regexes"][number], path: string, scope: TemplateScope): string {
  const found = rule.regex.exec(path);
  if (found === null) return path;
  const text = evaluateForHeader(rule.replace, withCaptures(scope, found));
  return path.slice(0, found.index) + text + path.slice(found.index + found[0].length);
}
