/** Where the built dashboard lies: beside the compiled program, or in `dist` of a checkout. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { DashboardFiles } from "../admin/dashboard.ts";

const folder = fileURLToPath(
  new URL(import.meta.url.endsWith(".ts") ? "../../dist/dashboard" : "../dashboard", import.meta.url),
);

/** Null when it was not built. */
export function readDashboardFiles(): DashboardFiles | null {
  if (!existsSync(join(folder, "index.html"))) return null;
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return new Map(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [relative(folder, path).split(sep).join("/"), new Uint8Array(readFileSync(path))]),
  );
}
