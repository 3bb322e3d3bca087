/**
 * The repository as the tests about its shape see it: where it is and which files it has. Reads the
 * disk, not git, so that a file counts from the moment it is saved.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join, relative, sep } from "node:path";

export const repositoryRoot = fileURLToPath(new URL("../..", import.meta.url));

/** Folders that hold nothing written by hand. */
const skipped = new Set(["node_modules", "dist", "coverage", ".git"]);

/** Paths of all files below `folder` (none when it does not exist), relative to the repository, with forward slashes, sorted. */
export function filesBelow(folder: string, accept: (path: string) => boolean): string[] {
  const found: string[] = [];
  const visit = (directory: string): void => {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      const full = join(directory, entry.name);
      if (entry.isDirectory()) {
        if (!skipped.has(entry.name)) visit(full);
      } else {
        const path = relative(repositoryRoot, full).split(sep).join("/");
        if (accept(path)) found.push(path);
      }
    }
  };
  if (existsSync(join(repositoryRoot, folder))) visit(join(repositoryRoot, folder));
  return found.toSorted();
}

export function readRepositoryFile(path: string): string {
  return readFileSync(join(repositoryRoot, path), "utf8");
}

export function isTypeScript(path: string): boolean {
  return path.endsWith(".ts") || path.endsWith(".tsx");
}

export function isTest(path: string): boolean {
  return /\.test\.tsx?$/.test(path);
}
