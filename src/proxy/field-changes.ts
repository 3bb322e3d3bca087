/** Header changes that a hook asks for one by one, kept until the field lines are at hand. */
import { equalsLowerCase } from "../http1/characters.ts";
import { ownedNames } from "../routing/header-edits.ts";

const namePattern = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

export class FieldChanges {
  /** Lower-case name → the whole line, or "" for a field that is only removed. */
  #lines: Map<string, string> | null = null;
  #isApplied = false;

  /** Throws a TypeError for a name or a value that cannot be sent, and when it is too late. */
  set(name: string, value: string): void {
    this.#change(name, fieldLine(name, value));
  }

  /** Throws a TypeError for a name that is not to be touched, and when it is too late. */
  remove(name: string): void {
    this.#change(name, "");
  }

  #change(name: string, line: string): void {
    const lowerName = checkedName(name);
    if (this.#isApplied) throw new TypeError(`too late to change the header ${name}: the head has been sent`);
    this.#lines ??= new Map();
    this.#lines.set(lowerName, line);
  }

  /** `fieldLines` are whole lines with CRLF, and so is the result. */
  applyTo(fieldLines: string): string {
    this.#isApplied = true;
    const lines = this.#lines;
    if (lines === null) return fieldLines;
    const names = [...lines.keys()];
    let kept = "";
    let keptFrom = 0;
    // Most lines stay: what lies between two that go is copied in one piece.
    for (let pos = 0; pos < fieldLines.length;) {
      const lineStart = pos;
      const nameEnd = fieldLines.indexOf(":", lineStart);
      pos = fieldLines.indexOf("\n", nameEnd) + 1;
      if (!names.some((name) => equalsLowerCase(fieldLines, lineStart, nameEnd, name))) continue;
      kept += fieldLines.slice(keptFrom, lineStart);
      keptFrom = pos;
    }
    return kept + fieldLines.slice(keptFrom) + [...lines.values()].join("");
  }
}

/** A line with CRLF. Characters beyond ASCII go out as UTF-8. Throws a TypeError for what cannot be sent. */
export function fieldLine(name: string, value: string): string {
  checkedName(name);
  if (typeof value !== "string" || /[\x00-\x08\x0a-\x1f\x7f]/.test(value))
    throw new TypeError(`the value of the header ${name} is no text of one line`);
  return `${name}: ${Buffer.from(value, "utf8").toString("latin1")}\r\n`;
}

function checkedName(name: string): string {
  if (!namePattern.test(name)) throw new TypeError(`${JSON.stringify(name)} is not a header name`);
  const lowerName = name.toLowerCase();
  if (lowerName === "host" || ownedNames.has(lowerName))
    throw new TypeError(`the header ${name} belongs to Headgate; hooks cannot change it`);
  return lowerName;
}
