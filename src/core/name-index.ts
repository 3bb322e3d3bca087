/**
 * Finds what belongs to a server name: exact names before wildcards, and the wildcard of exactly one label
 * that certificates know (RFC 9525 §6.3).
 */
export class NameIndex<T> {
  readonly #exact = new Map<string, T>();
  /** By what follows the asterisk: `.example.com`. */
  readonly #wildcards = new Map<string, T>();

  /** The first one to claim a name keeps it. */
  add(name: string, value: T): void {
    const isWildcard = name.startsWith("*.");
    const names = isWildcard ? this.#wildcards : this.#exact;
    const key = (isWildcard ? name.slice(1) : name).toLowerCase();
    if (!names.has(key)) names.set(key, value);
  }

  find(serverName: string): T | undefined {
    const name = serverName.toLowerCase().replace(/\.$/, "");
    const exact = this.#exact.get(name);
    if (exact !== undefined) return exact;
    const dot = name.indexOf(".");
    return dot <= 0 ? undefined : this.#wildcards.get(name.slice(dot));
  }
}
