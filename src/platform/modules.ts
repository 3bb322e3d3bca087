/** Imports modules of the user's by path, anew when the file was written since. */
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

/** An address that changes with the file, because imports are remembered by address. Throws the system's error. */
export function moduleUrl(path: string): string {
  const absolute = resolve(path);
  return `${pathToFileURL(absolute).href}?${statSync(absolute).mtimeMs}`;
}

/** Rejects with whatever is wrong with the module. */
export async function importModule(url: string): Promise<unknown> {
  return (await import(url)) as unknown;
}
