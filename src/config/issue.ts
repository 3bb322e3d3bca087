/** What is wrong, or unwise, in a configuration, and where. Rendering it for people is `render-issue.ts`. */

/** A step into the configuration: a key of an object or an index of a list. */
export type PathStep = string | number;
export type Path = readonly PathStep[];

/** A place in a source. Lines and columns count from 1; `length` is in characters. */
export interface SourceLocation {
  /** The file as the user named it; `--port` for a flag; `defineConfig` for an object. */
  readonly source: string;
  /** 0 where the source has no lines (flags, objects). */
  readonly line: number;
  readonly column: number;
  readonly length: number;
  /** The line itself; empty where the source has no lines. */
  readonly lineText: string;
}

/** Knows where each part of the input was written. */
export interface Origin {
  /** Where the value at `path` stands, or its key; null when the input has no such part. */
  locate(path: Path, part: "key" | "value"): SourceLocation | null;
  /** What the input is called when a part has no place of its own. */
  readonly name: string;
}

export interface ConfigIssue {
  readonly severity: "error" | "warning";
  /** Stable name of the kind of issue: `unknown-key`, `wrong-value`, `missing`, or a rule's name. */
  readonly code: string;
  readonly path: Path;
  /** One sentence without the place. */
  readonly message: string;
  /** What was found, as the user wrote it; null when something is missing. */
  readonly found: string | null;
  /** What is allowed; null when the message says it all. */
  readonly allowed: string | null;
  /** What was probably meant; null when nobody can tell. */
  readonly suggestion: string | null;
  readonly location: SourceLocation | null;
}

/** An origin for values that were never text. */
export function nowhere(name: string): Origin {
  return { name, locate: () => null };
}

/** The place itself, or the nearest part around it that was written, or the source as a whole. */
export function nearestLocation(origin: Origin, path: Path, part: "key" | "value"): SourceLocation {
  const exact = path.length === 0 ? null : origin.locate(path, part);
  if (exact !== null) return exact;
  for (let depth = path.length - 1; depth > 0; depth--) {
    const around = origin.locate(path.slice(0, depth), "key");
    if (around !== null) return around;
  }
  return { source: origin.name, line: 0, column: 0, length: 0, lineText: "" };
}

/** Issues found after parsing, with their places in what was parsed. */
export function locateIssues(issues: readonly ConfigIssue[], origin: Origin): readonly ConfigIssue[] {
  return issues.map((issue) => ({ ...issue, location: nearestLocation(origin, issue.path, "value") }));
}

/** `pools.app.endpoints[0].url`. */
export function formatPath(path: Path): string {
  let written = "";
  for (const step of path) {
    if (typeof step === "number") written += `[${step}]`;
    else written += /^[\w$-]+$/.test(step) ? `${written === "" ? "" : "."}${step}` : `["${step}"]`;
  }
  return written;
}
