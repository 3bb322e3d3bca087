/** Files of `user:hash` lines, with empty lines and `#` comments, for basic authentication. */
import { passwordHashFault } from "../routing/password-hash.ts";

export interface PasswordFile {
  readonly users: Readonly<Record<string, string>>;
  /** Clauses about lines that are no user and hash. */
  readonly faults: readonly string[];
}

export function readPasswordFile(text: string): PasswordFile {
  const users: Record<string, string> = {};
  const faults: string[] = [];
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    const colon = line.indexOf(":");
    const hash = line.slice(colon + 1);
    const fault = colon < 1 ? "it is not user:hash" : passwordHashFault(hash);
    if (fault === null) users[line.slice(0, colon)] = hash;
    else faults.push(`line ${index + 1}: ${fault}`);
  }
  return { users, faults };
}
