/** Applies a route's header edits to field lines: renamed first, then removed, then set and added. */
import type { TemplateScope } from "../core/template-scope.ts";
import { evaluateForHeader } from "../core/template.ts";
import type { HeaderEdits } from "../routing/header-edits.ts";

/** `fieldLines` are whole lines with CRLF, and so is the result. */
export function editFieldLines(fieldLines: string, edits: HeaderEdits, scope: TemplateScope): string {
  let edited = "";
  let pos = 0;
  while (pos < fieldLines.length) {
    const lineEnd = fieldLines.indexOf("\r\n", pos) + 2;
    const colon = fieldLines.indexOf(":", pos);
    const lowerName = fieldLines.slice(pos, colon).toLowerCase();
    const renamed = edits.renames.get(lowerName);
    if (!edits.removes.has(renamed?.toLowerCase() ?? lowerName)) {
      edited +=
        renamed === undefined ? fieldLines.slice(pos, lineEnd) : renamed + fieldLines.slice(colon, lineEnd);
    }
    pos = lineEnd;
  }
  for (const [name, template] of edits.adds) {
    const value = evaluateForHeader(template, scope);
    if (value !== "") edited += `${name}: ${value}\r\n`;
  }
  return edited;
}
