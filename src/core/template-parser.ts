/**
 * Reads the template syntax (see `template.ts`) into parts and reports every problem with its place.
 * It does not evaluate.
 */
import { nearestWord } from "./nearest-word.ts";
import { templateStages, type TemplateStage } from "./template-scope.ts";
import { templateVariables, type TemplateVariable } from "./template-variables.ts";

/** Literal text, or a variable. */
export type TemplatePart =
  | string
  | {
      readonly read: TemplateVariable["read"];
      readonly argument: string;
      readonly filters: readonly ((value: string) => string)[];
      readonly fallback: readonly TemplatePart[] | null;
    };

export interface TemplateProblem {
  /** Where in the source, in characters from 0. */
  readonly offset: number;
  readonly length: number;
  /** A sentence without a full stop. */
  readonly problem: string;
  /** What was probably meant, or null. */
  readonly fix: string | null;
}

export interface ParsedTemplate {
  readonly parts: readonly TemplatePart[];
  readonly variables: readonly string[];
  readonly problems: readonly TemplateProblem[];
}

/** Defaults within defaults. */
const depthMax = 4;

const filters: Readonly<Record<string, (value: string) => string>> = {
  lower: (value) => value.toLowerCase(),
  upper: (value) => value.toUpperCase(),
  /** Percent-encodes all but unreserved characters (RFC 3986 §2.3); octets stay octets. */
  url: (value) => value.toWellFormed().replaceAll(/[^A-Za-z0-9._~-]/gu, percentEncode),
  /** Escapes for the inside of a JSON string. */
  json: (value) => JSON.stringify(value).slice(1, -1),
};

export function parseTemplate(
  source: string,
  stage: TemplateStage,
  captures: readonly string[] | null,
): ParsedTemplate {
  const parser = new TemplateParser(source, stage, captures);
  const parts = parser.readParts(0);
  return { parts, variables: parser.variables, problems: parser.problems };
}

/** One pass over one source; lives as long as the pass. */
class TemplateParser {
  readonly problems: TemplateProblem[] = [];
  readonly variables: string[] = [];
  readonly #source: string;
  readonly #stage: TemplateStage;
  readonly #captures: readonly string[] | null;
  #at = 0;

  constructor(source: string, stage: TemplateStage, captures: readonly string[] | null) {
    this.#source = source;
    this.#stage = stage;
    this.#captures = captures;
  }

  /** Reads to the end of the source, or within a default to the closing brace. */
  readParts(depth: number): readonly TemplatePart[] {
    const parts: TemplatePart[] = [];
    let text = "";
    while (this.#at < this.#source.length) {
      if (depth > 0 && this.#source[this.#at] === "}") break;
      if (this.#source.startsWith("$${", this.#at)) {
        text += "${";
        this.#at += 3;
      } else if (this.#source.startsWith("${", this.#at)) {
        if (text !== "") parts.push(text);
        text = "";
        const part = this.#readVariable(depth);
        if (part !== null) parts.push(part);
      } else text += this.#source[this.#at++];
    }
    if (text !== "") parts.push(text);
    return parts;
  }

  #readVariable(depth: number): TemplatePart | null {
    const start = this.#at;
    this.#at += 2;
    const nameAt = this.#at;
    const name = this.#readWord();
    const chosen: ((value: string) => string)[] = [];
    while (this.#source[this.#at] === "|") chosen.push(this.#readFilter());
    let fallback: readonly TemplatePart[] | null = null;
    if (this.#source.startsWith(":-", this.#at)) {
      this.#at += 2;
      if (depth >= depthMax)
        this.#report(start, 2, `defaults stand in each other more than ${depthMax} deep`, null);
      fallback = this.readParts(depth + 1);
    }
    if (this.#source[this.#at] !== "}") {
      this.#report(start, 2, "the ${ is not closed", name === "" ? "$${" : null);
      this.#at = this.#source.length;
      return null;
    }
    this.#at++;
    const variable = this.#lookUp(name, nameAt);
    if (variable === null) return null;
    this.variables.push(`${variable.found.name}${variable.argument}`);
    return { read: variable.found.read, argument: variable.argument, filters: chosen, fallback };
  }

  /** Up to `|`, `:-`, `}` or the end. */
  #readWord(): string {
    const from = this.#at;
    while (this.#at < this.#source.length) {
      const char = this.#source[this.#at];
      if (char === "|" || char === "}" || this.#source.startsWith(":-", this.#at)) break;
      this.#at++;
    }
    return this.#source.slice(from, this.#at);
  }

  #readFilter(): (value: string) => string {
    this.#at++;
    const at = this.#at;
    const name = this.#readWord();
    const filter = Object.hasOwn(filters, name) ? filters[name] : undefined;
    if (filter !== undefined) return filter;
    const known = Object.keys(filters);
    this.#report(
      at,
      name.length,
      `there is no filter "${name}"; there are ${known.join(", ")}`,
      nearestWord(name, known),
    );
    return (value) => value;
  }

  #lookUp(name: string, at: number): { found: TemplateVariable; argument: string } | null {
    for (const found of templateVariables) {
      const isFamily = found.name.endsWith(".");
      if (isFamily ? !name.startsWith(found.name) || name === found.name : name !== found.name) continue;
      const argument = argumentOf(found, name);
      const complaint = this.#complaint(found, argument, name);
      if (complaint === null) return { found, argument };
      this.#report(at, name.length, complaint.problem, complaint.fix);
      return null;
    }
    const fix = nearestWord(name, variablesLike(name));
    this.#report(
      at,
      name.length,
      name === "" ? "the name of a variable is missing" : `there is no variable "${name}"`,
      fix,
    );
    return null;
  }

  #complaint(
    found: TemplateVariable,
    argument: string,
    name: string,
  ): Pick<TemplateProblem, "problem" | "fix"> | null {
    if (templateStages.indexOf(found.knownFrom) > templateStages.indexOf(this.#stage)) {
      return { problem: `"${name}" is not known yet where this is evaluated (${this.#stage})`, fix: null };
    }
    if (found.name === "capture." && this.#captures !== null && !this.#captures.includes(argument)) {
      const known = this.#captures.length === 0 ? "there are none" : `there are ${this.#captures.join(", ")}`;
      const fix = nearestWord(argument, this.#captures);
      return {
        problem: `the match has no capture "${argument}"; ${known}`,
        fix: fix === null ? null : `capture.${fix}`,
      };
    }
    return null;
  }

  #report(offset: number, length: number, problem: string, fix: string | null): void {
    this.problems.push({ offset, length, problem, fix });
  }
}

/** Header names are compared in lower case. */
function argumentOf(variable: TemplateVariable, name: string): string {
  const argument = variable.name.endsWith(".") ? name.slice(variable.name.length) : "";
  return variable.name.endsWith(".header.") ? argument.toLowerCase() : argument;
}

/** Every variable's name; a family's is completed with what `name` has where its argument would be. */
function variablesLike(name: string): readonly string[] {
  return templateVariables.flatMap((variable) => {
    if (!variable.name.endsWith(".")) return [variable.name];
    const dots = variable.name.split(".").length - 1;
    const argument = name.split(".").slice(dots).join(".");
    return argument === "" ? [] : [`${variable.name}${argument}`];
  });
}

function percentEncode(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code > 255 ? encodeURIComponent(character) : `%${code.toString(16).toUpperCase().padStart(2, "0")}`;
}
