/** The seam for host names: who turns them into addresses. `platform/resolve.ts` asks the system. */

export type NameAnswer =
  | {
      /** IPv4 and IPv6 addresses without brackets, IPv4 first; at least one. */
      readonly addresses: readonly string[];
      /** How long the answer holds; at least 1000. */
      readonly ttlMs: number;
    }
  /** The system's name for what went wrong (`ENOTFOUND`, `ETIMEOUT`). */
  | { readonly errorCode: string };

export interface NameResolver {
  /** `done` is called once, never before `resolve` returns. */
  resolve(name: string, done: (answer: NameAnswer) => void): void;
}
