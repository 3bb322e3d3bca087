/**
 * Imports modules of the user's by path, anew when they, or modules that they import by a relative path,
 * were written since. Node remembers modules by address, so an address carries the state of the files; what
 * a module imports is given the same mark.
 */
import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { registerHooks } from "node:module";
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const mark = "?headgate=";
/** Headgate's own files are never imported twice. */
const ownFolder = new URL("..", import.meta.url).href;
const ownIndex = new URL(import.meta.url.endsWith(".ts") ? "../index.ts" : "../index.js", import.meta.url);

interface Root {
  url: string;
  /** State of the files when `url` was made. */
  stamp: string;
  /** What it imports, directly or not, as paths. */
  readonly imported: Set<string>;
}

const roots = new Map<string, Root>();
/** Whose import a marked address belongs to. */
const rootByUrl = new Map<string, Root>();

/** An address that changes with the files. Throws the system's error when there is no such file. */
export function moduleUrl(path: string): string {
  const absolute = resolve(path);
  statSync(absolute);
  const known = roots.get(absolute);
  if (known !== undefined && known.stamp === stampOf(absolute, known.imported)) return known.url;
  const stamp = stampOf(absolute, known?.imported ?? []);
  const version = createHash("sha256").update(stamp).digest("hex").slice(0, 12);
  const url = `${pathToFileURL(absolute).href}${mark}${version}`;
  // An earlier state may come back, and its modules with it.
  const root = rootByUrl.get(url) ?? { url, stamp, imported: new Set<string>() };
  root.stamp = stamp;
  for (const file of known?.imported ?? []) root.imported.add(file);
  roots.set(absolute, root);
  rootByUrl.set(url, root);
  return url;
}

/** Rejects with whatever is wrong with the module. */
export async function importModule(url: string): Promise<unknown> {
  const exports = (await import(url)) as unknown;
  const root = rootByUrl.get(url);
  if (root !== undefined) root.stamp = stampOf(fileURLToPath(url), root.imported);
  return exports;
}

/** The files that the module at `path` imports by relative paths, as far as it has been imported. */
export function filesBehindModule(path: string): readonly string[] {
  return [...(roots.get(resolve(path))?.imported ?? [])];
}

function stampOf(absolute: string, imported: Iterable<string>): string {
  return [absolute, ...[...imported].toSorted()].map((file) => `${file} ${stateOf(file)}`).join("\n");
}

function stateOf(file: string): string {
  const stats = statSync(file, { throwIfNoEntry: false });
  return stats === undefined ? "gone" : `${stats.mtimeMs} ${stats.size}`;
}

registerHooks({
  resolve(specifier, context, nextResolve) {
    const { parentURL = "" } = context;
    const at = parentURL.indexOf(mark);
    if (at < 0) return nextResolve(specifier, context);
    // A configuration need not stand where Headgate is installed.
    if (specifier === "headgate") return { url: ownIndex.href, shortCircuit: true };
    const resolved = nextResolve(specifier, context);
    const isOwn = specifier.startsWith(".") && resolved.url.startsWith("file:");
    if (!isOwn || resolved.url.startsWith(ownFolder)) return resolved;
    const root = rootByUrl.get(parentURL);
    const url = `${resolved.url}${parentURL.slice(at)}`;
    if (root !== undefined) {
      root.imported.add(fileURLToPath(resolved.url));
      rootByUrl.set(url, root);
    }
    return { ...resolved, url };
  },
});
