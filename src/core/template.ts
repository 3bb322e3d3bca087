/**
 * Templates: the one syntax for values that vary per request (headers, hash keys, redirects, log
 * formats). Compiled once into parts, evaluated against a TemplateScope.
 *
 *   ${request.header.x-id}            a variable
 *   ${request.header.x-id:-none}      a default for when it is missing or empty; may hold variables
 *   ${request.host|upper|url}         filters, applied to the value but not to the default
 *   $${                               a literal ${
 *
 * The variables are a table of their own; parsing is in `template-parser.ts`.
 */
import { parseTemplate, type TemplatePart, type TemplateProblem } from "./template-parser.ts";
import type { TemplateScope, TemplateStage } from "./template-scope.ts";

export interface Template {
  readonly source: string;
  /** The text when there is nothing to evaluate, else null. */
  readonly constant: string | null;
  /** Full names of the variables, in order of appearance: `request.header.x-id`. */
  readonly variables: readonly string[];
  readonly parts: readonly TemplatePart[];
  /** The same parts with the literal text as UTF-8 octets, for the wire. */
  readonly wireParts: readonly TemplatePart[];
}

export interface TemplateOptions {
  /** The moment of evaluation; later values are refused. Default `end`. */
  readonly stage?: TemplateStage;
  /** Captures that will exist; when given, others are refused. Numbers are strings: "1". */
  readonly captures?: readonly string[];
}

export type TemplateResult =
  | { readonly isOk: true; readonly template: Template }
  | { readonly isOk: false; readonly problems: readonly TemplateProblem[] };

/** Compiles, or tells every problem with its place in the source. */
export function compileTemplate(source: string, options: TemplateOptions = {}): TemplateResult {
  const { parts, variables, problems } = parseTemplate(
    source,
    options.stage ?? "end",
    options.captures ?? null,
  );
  if (problems.length > 0) return { isOk: false, problems };
  const constant = parts.every((part) => typeof part === "string") ? parts.join("") : null;
  return { isOk: true, template: { source, constant, variables, parts, wireParts: inUtf8(parts) } };
}

/** For sources known to be right; throws a SyntaxError with the first problem otherwise. */
export function templateOf(source: string, options: TemplateOptions = {}): Template {
  const result = compileTemplate(source, options);
  if (result.isOk) return result.template;
  const first = result.problems[0];
  throw new SyntaxError(
    `template ${JSON.stringify(source)}, character ${(first?.offset ?? 0) + 1}: ${first?.problem}`,
  );
}

/** The text. It may hold any character a client sent: fit for logs and hash keys, not for headers. */
export function evaluate(template: Template, scope: TemplateScope): string {
  return template.constant ?? joinParts(template.parts, scope);
}

/**
 * `evaluate` for a template that every request asks. A variable and nothing else, such as the usual
 * `${client.address}`, is read without a walk over parts.
 */
export function evaluatorOf(template: Template): (scope: TemplateScope) => string {
  const { constant, parts } = template;
  if (constant !== null) return () => constant;
  const [only] = parts;
  if (parts.length !== 1 || typeof only !== "object" || only.fallback !== null || only.filters.length > 0)
    return (scope) => joinParts(parts, scope);
  const { read, argument } = only;
  return (scope) => read(scope, argument) ?? "";
}

/**
 * The text as octets (code points 0–255) that cannot end a header line: control characters become
 * spaces (RFC 9110 §5.5), wider characters become UTF-8 (their low octet might be a line feed), and
 * blanks at both ends go.
 */
export function evaluateForHeader(template: Template, scope: TemplateScope): string {
  const text = joinParts(template.wireParts, scope);
  return isFieldValue.test(text) ? text : toFieldValue(text);
}

const isFieldValue = /^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/;

function toFieldValue(text: string): string {
  return utf8Octets(text)
    .replaceAll(/[\x00-\x1f\x7f]/g, " ")
    .replaceAll(/^ +| +$/g, "");
}

/** Characters above 255 as UTF-8 octets; octets stay. */
function utf8Octets(text: string): string {
  return text.replaceAll(/[^\x00-\xff]+/g, (wide) => Buffer.from(wide, "utf8").toString("latin1"));
}

function joinParts(parts: readonly TemplatePart[], scope: TemplateScope): string {
  let text = "";
  for (const part of parts) text += typeof part === "string" ? part : valueOf(part, scope);
  return text;
}

function valueOf(part: Exclude<TemplatePart, string>, scope: TemplateScope): string {
  let value = part.read(scope, part.argument);
  if (value === undefined || value === "")
    return part.fallback === null ? "" : joinParts(part.fallback, scope);
  for (const filter of part.filters) value = filter(value);
  return value;
}

/** Literal text comes from a UTF-8 file, so all of it becomes UTF-8 octets. */
function inUtf8(parts: readonly TemplatePart[]): readonly TemplatePart[] {
  return parts.map((part) => {
    if (typeof part === "string") return Buffer.from(part, "utf8").toString("latin1");
    return part.fallback === null ? part : { ...part, fallback: inUtf8(part.fallback) };
  });
}
