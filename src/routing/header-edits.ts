/**
 * Changes to a request's or a response's headers: renamed first, then removed, then set, then added. The proxy
 * applies them in its own copying pass; `editHeaders` is the same for a list of pairs.
 */
import { evaluateForHeader, type Template } from "../core/template.ts";
import type { TemplateScope, TemplateStage } from "../core/template-scope.ts";
import type { ProblemSink } from "./route-spec.ts";
import { compileField, type TemplateContext } from "./template-field.ts";

export interface HeaderEditsSpec {
  /** Name → template: in place of any that are there. */
  readonly set?: Readonly<Record<string, string>>;
  /** Name → template: beside any that are there. */
  readonly add?: Readonly<Record<string, string>>;
  readonly remove?: readonly string[];
  /** From → to; values are kept. */
  readonly rename?: Readonly<Record<string, string>>;
}

export interface HeaderEdits {
  /** Nothing to do: skip everything. */
  readonly isEmpty: boolean;
  /** Lower-case old name → new name. Looked up first; `removes` then sees the new name. */
  readonly renames: ReadonlyMap<string, string>;
  /** Lower-case names not to copy: those removed and those set. */
  readonly removes: ReadonlySet<string>;
  /** Appended at the end, in order: those set, then those added. An empty value is not sent. */
  readonly adds: readonly (readonly [name: string, value: Template])[];
}

export const noHeaderEdits: HeaderEdits = { isEmpty: true, renames: new Map(), removes: new Set(), adds: [] };

/** Fields that frame the message or belong to one connection, in lower case; the proxy owns them. */
export const ownedNames: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "expect",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** `direction` decides when values are known, and that a request keeps its Host. */
export function compileHeaderEdits(
  spec: HeaderEditsSpec,
  direction: "request" | "response",
  field: string,
  context: TemplateContext,
  stage: TemplateStage = direction === "request" ? "route" : "response",
): HeaderEdits {
  const { sink } = context;
  const { set = {}, add = {}, remove = [], rename = {} } = spec;
  for (const name of [...Object.keys(set), ...Object.keys(add)]) checkName(name, field, sink);
  for (const name of [...remove, ...Object.entries(rename).flat()]) {
    checkName(name, field, sink);
    if (direction === "request" && name.toLowerCase() === "host")
      sink.report(field, "Host can be set, but neither removed nor renamed");
  }
  if (direction === "request" && Object.keys(add).some((name) => name.toLowerCase() === "host")) {
    sink.report(`${field}.add`, "a request has one Host; set it instead");
  }
  const pair =
    (kind: string) =>
    ([name, source]: [string, string]): readonly [string, Template] => [
      name,
      compileField(source, `${field}.${kind}.${name}`, stage, context),
    ];
  const adds = [...Object.entries(set).map(pair("set")), ...Object.entries(add).map(pair("add"))];
  const removes = new Set([...remove, ...Object.keys(set)].map((name) => name.toLowerCase()));
  const renames = new Map(Object.entries(rename).map(([from, to]) => [from.toLowerCase(), to]));
  return { isEmpty: adds.length + removes.size + renames.size === 0, renames, removes, adds };
}

function checkName(name: string, field: string, sink: ProblemSink): void {
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)) sink.report(field, `"${name}" is not a header name`);
  else if (ownedNames.has(name.toLowerCase()))
    sink.report(field, `${name} belongs to the connection and cannot be changed`);
}

/** Edits of an outer level (a listener), then of an inner one (a route). */
export function combineHeaderEdits(outer: HeaderEdits, inner: HeaderEdits): HeaderEdits {
  if (outer.isEmpty) return inner;
  if (inner.isEmpty) return outer;
  return {
    isEmpty: false,
    renames: new Map([...outer.renames, ...inner.renames]),
    removes: new Set([...outer.removes, ...inner.removes]),
    adds: [...outer.adds.filter(([name]) => !inner.removes.has(name.toLowerCase())), ...inner.adds],
  };
}

/** The edited copy of a list of headers. */
export function editHeaders(
  headers: readonly (readonly [name: string, value: string])[],
  edits: HeaderEdits,
  scope: TemplateScope,
): (readonly [name: string, value: string])[] {
  const edited: (readonly [string, string])[] = [];
  for (const [name, value] of headers) {
    const renamed = edits.renames.get(name.toLowerCase()) ?? name;
    if (!edits.removes.has(renamed.toLowerCase())) edited.push([renamed, value]);
  }
  for (const [name, template] of edits.adds) {
    const value = evaluateForHeader(template, scope);
    if (value !== "") edited.push([name, value]);
  }
  return edited;
}
