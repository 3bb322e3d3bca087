/** Reading and replacing small files: configuration, certificates. */
import {
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  writeSync,
} from "node:fs";

/** Throws the system's error. */
export function readTextFile(path: string): string {
  return readFileSync(path, "utf8");
}

/**
 * Replaces a file whole or not at all, also over a crash; its permissions stay. Through a symbolic link
 * it replaces what the link leads to. Throws the system's error.
 */
export function writeTextFile(path: string, text: string): void {
  const real = realpathSync(path);
  const draft = `${real}.${process.pid}.new`;
  const file = openSync(draft, "w", statSync(real).mode & 0o777);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(draft, real);
}
