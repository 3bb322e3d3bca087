/** Sets and removes single parameters of a query; the others keep their place and spelling. */
import { decodeQueryText } from "../core/request-values.ts";
import { evaluateForHeader, type Template } from "../core/template.ts";
import type { TemplateScope } from "../core/template-scope.ts";
import { escapeQueryValue } from "./url-text.ts";

export interface QueryEdit {
  readonly name: string;
  /** Null removes the parameter. */
  readonly value: Template | null;
}

/** `query` comes and goes without `?`. */
export function editQuery(query: string, edits: readonly QueryEdit[], scope: TemplateScope): string {
  if (edits.length === 0) return query;
  const edited = new Set(edits.map(({ name }) => name));
  const kept = query
    .split("&")
    .filter((pair) => pair !== "" && !edited.has(decodeQueryText(pair.replace(/=.*$/s, ""))));
  const set = edits.flatMap(({ name, value }) =>
    value === null
      ? []
      : [`${escapeQueryValue(utf8(name))}=${escapeQueryValue(evaluateForHeader(value, scope))}`],
  );
  return [...kept, ...set].join("&");
}

function utf8(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}
