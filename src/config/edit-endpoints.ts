/** Edits endpoints in the text of a YAML or JSON file: comments, order and layout of everything else stay. */
import { type Document, isMap, isScalar, isSeq, parseDocument, type YAMLMap, type YAMLSeq } from "yaml";
import { parseEndpointUrl } from "../core/address.ts";
import { configSchema } from "./schema.ts";
import type { EndpointConfig } from "./schema-endpoint.ts";
import { describe, describeAt } from "./schema-walk.ts";
import { treeAsWritten } from "./written.ts";

export type EndpointEdit = { readonly pool: string; readonly name: string; readonly url: string } & (
  | { readonly kind: "removed" }
  /** `fields` as the program holds them; those that equal the default of a new endpoint are left out. */
  | { readonly kind: "added" | "changed"; readonly fields: Partial<EndpointConfig> }
);

/** The new text, or why it cannot be made, in a clause. */
export function editEndpoints(
  text: string,
  edits: readonly EndpointEdit[],
): { readonly text: string } | { readonly problem: string } {
  const document = parseDocument(text);
  if (document.errors.length > 0) return { problem: "it is not valid YAML any more" };
  for (const edit of edits) {
    const problem = editOne(document, edit);
    if (problem !== null) return { problem };
  }
  return { text: withLayoutOf(text, document.toString(layout)) };
}

const layout = { lineWidth: 0 } as const;

/**
 * Writing a document out changes its layout (`[a]` becomes `[ a ]`). Lines that only that changed are
 * taken from the original: they are the ones that writing it out without the edits gives as well.
 */
function withLayoutOf(original: string, edited: string): string {
  const before = original.split("\n");
  const plain = parseDocument(original).toString(layout).split("\n");
  const after = edited.split("\n");
  if (plain.length !== before.length) return edited;
  let start = 0;
  while (start < after.length && after[start] === plain[start]) start++;
  const left = Math.min(plain.length, after.length) - start;
  let end = 0;
  while (end < left && after[after.length - 1 - end] === plain[plain.length - 1 - end]) end++;
  const middle = after
    .slice(start, after.length - end)
    .map((line) => before[plain.indexOf(line, start)] ?? line);
  return [...before.slice(0, start), ...middle, ...before.slice(before.length - end)].join("\n");
}

function editOne(document: Document, edit: EndpointEdit): string | null {
  const list = document.getIn(["pools", edit.pool, "endpoints"]);
  if (!isSeq(list)) return `pools.${edit.pool}.endpoints is no plain list`;
  const index = list.items.findIndex((item) => nameOf(item) === edit.name);
  if (edit.kind === "added") {
    list.add(document.createNode(writtenEndpoint(edit.url, edit.name, edit.fields)));
    return null;
  }
  if (index < 0) return `endpoint ${edit.name} of pool ${edit.pool} is not written there plainly`;
  if (edit.kind === "removed") list.delete(index);
  else setFields(document, list, index, edit.fields);
  return null;
}

function setFields(document: Document, list: YAMLSeq, index: number, fields: Partial<EndpointConfig>): void {
  const item = list.items[index];
  const entries = Object.entries(writtenFields(fields));
  if (isMap(item)) {
    for (const [key, value] of entries) item.set(key, document.createNode(value));
    return;
  }
  const url = isScalar(item) ? item.value : item;
  const map = document.createNode({ url, ...Object.fromEntries(entries) }) as YAMLMap;
  map.flow = true;
  if (isScalar(item)) map.comment = item.comment ?? null;
  list.items[index] = map;
}

/** A URL alone where nothing else is said. */
function writtenEndpoint(url: string, name: string, fields: Partial<EndpointConfig>): unknown {
  const { url: _url, name: _name, ...rest } = fields;
  const said = Object.entries(writtenFields(rest)).filter(
    ([key, value]) => JSON.stringify(value) !== JSON.stringify(defaultOf(key)),
  );
  const named = name === defaultName(url) ? [] : [["name", name] as const];
  return said.length + named.length === 0 ? url : { url, ...Object.fromEntries([...named, ...said]) };
}

function writtenFields(fields: Partial<EndpointConfig>): Record<string, unknown> {
  const { described } = describeAt(["pools", "any", "endpoints", 0]);
  return treeAsWritten(fields, described ?? describe(configSchema)) as Record<string, unknown>;
}

function defaultOf(key: string): unknown {
  return describeAt(["pools", "any", "endpoints", 0, key]).described?.defaultInput;
}

function nameOf(item: unknown): string | null {
  if (isScalar(item)) return typeof item.value === "string" ? defaultName(item.value) : null;
  if (!isMap(item)) return null;
  const [name, url] = [item.get("name"), item.get("url")];
  if (typeof name === "string") return name;
  return typeof url === "string" ? defaultName(url) : null;
}

function defaultName(url: string): string {
  const address = parseEndpointUrl(url);
  return "problem" in address ? url : address.name;
}
