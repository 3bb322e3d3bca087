/** Reading small files: configuration, certificates. */
import { readFileSync } from "node:fs";

/** Throws the system's error. */
export function readTextFile(path: string): string {
  return readFileSync(path, "utf8");
}
