/** The version of this program, from its package. */
import { readFileSync } from "node:fs";

/** The same file from `src/cli/` and from `dist/cli/`. */
export function packageVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { readonly version: string }).version;
}
