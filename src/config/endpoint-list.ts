/**
 * Reads a list of endpoints that stands outside the configuration: YAML or JSON, checked by the same
 * schema as the endpoints of a pool. The list is taken as a whole or not at all.
 */
import * as z from "zod";
import type { ConfigIssue } from "./issue.ts";
import { readYaml } from "./read-yaml.ts";
import { endpointSchema, type EndpointConfig } from "./schema-endpoint.ts";
import { issuesFromSchema } from "./schema-issues.ts";

export type EndpointListResult =
  | { readonly endpoints: readonly EndpointConfig[] }
  /** One clause, with the place in the text. */
  | { readonly problem: string };

/** Where a list stands in a configuration, so that mistakes are described as there. */
const placeOfLists = ["pools", "any", "endpoints"] as const;
const problemLengthMax = 300;

/** `text` is a list, or a section with `endpoints`. `endpointsMax` bounds the work, too. */
export function readEndpointList(text: string, endpointsMax: number): EndpointListResult {
  let source: ReturnType<typeof readYaml>;
  try {
    source = readYaml("the list", text);
  } catch (error) {
    // Aliases without end.
    return { problem: error instanceof Error ? error.message : String(error) };
  }
  const [broken] = source.issues;
  if (broken !== undefined) return { problem: problemText(broken) };
  const list = listIn(source.value);
  if (list === null) return { problem: "it is neither a list of endpoints nor a section with endpoints" };
  const tooMany = tooManyText(list.length, endpointsMax);
  if (tooMany !== null) return { problem: tooMany };
  const result = z.array(endpointSchema).safeParse(list);
  if (!result.success) return { problem: firstProblem(result.error.issues, list, source) };
  return { endpoints: result.data };
}

/** Why an answer is too large, or null. */
export function tooManyText(count: number, endpointsMax: number): string | null {
  return count <= endpointsMax ? null : `it has ${count} endpoints; endpointsMax is ${endpointsMax}`;
}

function listIn(value: unknown): readonly unknown[] | null {
  if (Array.isArray(value)) return value as readonly unknown[];
  if (typeof value !== "object" || value === null) return null;
  const entries = Object.entries(value).filter(([key]) => !key.startsWith("x-"));
  const [only] = entries;
  return entries.length === 1 && only?.[0] === "endpoints" && Array.isArray(only[1]) ? only[1] : null;
}

function firstProblem(
  issues: readonly z.core.$ZodIssue[],
  list: readonly unknown[],
  source: ReturnType<typeof readYaml>,
): string {
  const input = { pools: { any: { endpoints: list } } };
  const inList = Array.isArray(source.value) ? [] : ["endpoints"];
  const placed = issues.map((issue) => ({ ...issue, path: [...placeOfLists, ...issue.path] }));
  const [first] = issuesFromSchema(placed, input, {
    name: source.origin.name,
    locate: (path, part) => source.origin.locate([...inList, ...path.slice(placeOfLists.length)], part),
  });
  return first === undefined ? "it is wrong" : problemText(first);
}

function problemText({ message, location, found, allowed }: ConfigIssue): string {
  const place = location === null || location.line === 0 ? "" : `line ${location.line}: `;
  const facts = [found === null ? "" : `found ${found}`, allowed === null ? "" : `allowed is ${allowed}`];
  const said = message.replace(/^pools\.any\.endpoints/, "endpoints");
  const text = `${place}${[said, ...facts.filter((fact) => fact !== "")].join("; ")}`;
  // What somebody else wrote goes into logs and statuses.
  return text.replace(/[^\x20-\x7e\u00a0-\uffff]+/g, " ").slice(0, problemLengthMax);
}
