/** An authority's folder in memory, so that tests leave nothing behind. */
import type { AuthorityStore } from "../../src/runtime/tls-self-signed.ts";

export function memoryAuthorityStore(): AuthorityStore & { readonly files: ReadonlyMap<string, string> } {
  const files = new Map<string, string>();
  return {
    folder: "/memory",
    files,
    read: (name) => files.get(name) ?? null,
    write: (name, text) => void files.set(name, text),
  };
}
