/** Tells where a value of the finished configuration came from: a line, a flag, a variable, or a default. */
import { formatPath, type Origin, type Path, type SourceLocation } from "./issue.ts";
import { valueAt } from "./schema-issues.ts";
import { describeAt, type Described } from "./schema-walk.ts";

/** Where the input came from; what `loadConfigFile` and `configFromFlags` give. */
export interface InputContext {
  readonly input: unknown;
  readonly origin: Origin;
  readonly variables?: ReadonlyMap<Path, readonly string[]>;
}

/** `headgate.yaml:12`, `--port`, `default`; with `, env NAME` if a variable took part. */
export function originOf(path: Path, context: InputContext, described: Described | null): string {
  const place = writtenPath(path, context.input);
  if (place === null)
    return described?.notes.defaultText === undefined ? "default" : `default: ${described.notes.defaultText}`;
  const location = context.origin.locate(place, "value") ?? context.origin.locate(place, "key");
  const names = variablesAt(place, context);
  return [
    location === null ? context.origin.name : placeText(location),
    ...names.map((name) => `env ${name}`),
  ].join(", ");
}

function placeText({ source, line }: SourceLocation): string {
  return line === 0 ? source : `${source}:${line}`;
}

/** The place in the input that fills `path`: itself, or the scalar that stands for a section or list. */
function writtenPath(path: Path, input: unknown): Path | null {
  if (valueAt(input, path) !== undefined) return path;
  const parent = path.slice(0, -1);
  const step = path.at(-1);
  if (step === undefined) return null;
  const around = valueAt(input, parent);
  const holder = around === undefined && parent.length > 0 ? writtenPath(parent, input) : parent;
  if (holder === null) return null;
  const value = valueAt(input, holder);
  if (valueAt(value, [step]) !== undefined) return [...holder, step];
  const { described } = describeAt(parent);
  if (step === 0 && described?.shape.kind === "list" && !Array.isArray(value)) return holder;
  const isScalar = typeof value !== "object" || value === null;
  return isScalar && value !== undefined && described?.notes.shorthand === step ? holder : null;
}

function variablesAt(place: Path, context: InputContext): readonly string[] {
  const written = formatPath(place);
  for (const [path, names] of context.variables ?? []) if (formatPath(path) === written) return names;
  return [];
}
