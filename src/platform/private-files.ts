/** A folder of files that only their owner may read: keys of certificates. */
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** Where this user's programs keep their data (XDG base directories), with a folder of Headgate's own. */
export function dataFolder(): string {
  const base = process.env["XDG_DATA_HOME"];
  return join(base === undefined || base === "" ? join(homedir(), ".local", "share") : base, "headgate");
}

/** Null when there is no such file; throws the system's error when it may not be read. */
export function readPrivateFile(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

/** Creates the folder if need be. The file appears whole or not at all, also over a crash. */
export function writePrivateFile(folder: string, name: string, text: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, name);
  const draft = `${path}.${process.pid}.new`;
  const file = openSync(draft, "w", 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(draft, path);
}
