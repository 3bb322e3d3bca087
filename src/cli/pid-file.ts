/** The file that tells scripts the process id. It says who runs now, and locks nothing. */
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { UserError } from "./failure.ts";

/** Writes it whole or not at all; the returned function removes it if it is still ours. Throws a UserError. */
export function writePidFile(path: string): () => void {
  const own = `${process.pid}\n`;
  const draft = `${path}.${process.pid}`;
  try {
    writeFileSync(draft, own);
    renameSync(draft, path);
  } catch (error) {
    throw new UserError(
      `cannot write the pid file ${path}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  return () => {
    try {
      // After an upgrade it is the successor's.
      if (readFileSync(path, "utf8") === own) rmSync(path);
    } catch {
      // Somebody removed it.
    }
  };
}
