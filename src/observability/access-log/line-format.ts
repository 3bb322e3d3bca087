/**
 * Turns a format's name, or a template of the user's own, into the function that writes a record as a
 * line. Whatever a variable brings in is escaped; the template's own text is not.
 */
import { evaluate, type Template, templateOf } from "../../core/template.ts";
import type { TemplatePart } from "../../core/template-parser.ts";
import type { AccessRecord } from "./access-record.ts";
import { combinedLine, commonLine } from "./common-line.ts";
import { hexText, utf8Octets, withoutControls } from "./escape.ts";
import { jsonLine } from "./json-line.ts";
import { logfmtLine } from "./logfmt-line.ts";
import { RecordScope } from "./record-scope.ts";

/** One line, its line feed included: octets of UTF-8 as code points 0–255. */
export type LineFormat = (record: AccessRecord) => string;

const presets: ReadonlyMap<string, LineFormat> = new Map([
  ["json", jsonLine],
  ["logfmt", logfmtLine],
  ["common", commonLine],
  ["combined", combinedLine],
]);

/** The preset of that name, or the template compiled; throws a SyntaxError for a template with a problem. */
export function lineFormatOf(format: string): LineFormat {
  return presets.get(format) ?? templateFormat(templateOf(format));
}

/** Is it one of the formats that have a name, not a template? */
export function isPreset(format: string): boolean {
  return presets.has(format);
}

function templateFormat(template: Template): LineFormat {
  const inert: Template = { ...template, constant: null, parts: inertParts(template.parts) };
  let scope: RecordScope | null = null;
  return (record) => {
    if (scope === null) scope = new RecordScope(record);
    else scope.record = record;
    return `${evaluate(inert, scope)}\n`;
  };
}

function inertParts(parts: readonly TemplatePart[]): readonly TemplatePart[] {
  return parts.map((part) => {
    // A format written over several lines of YAML is still one line of the log.
    if (typeof part === "string") return utf8Octets(part.replaceAll(/\s*[\r\n]+\s*/g, " "));
    const escape = isJsonEscaping(part.filters) ? withoutControls : hexText;
    const fallback = part.fallback === null ? null : inertParts(part.fallback);
    return { ...part, filters: [...part.filters, escape], fallback };
  });
}

/** Does the `json` filter come last? Its escapes would be escaped again. */
function isJsonEscaping(filters: readonly ((value: string) => string)[]): boolean {
  return filters.at(-1)?.('"\n') === String.raw`\"\n`;
}
