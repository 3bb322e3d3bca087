/**
 * Which certificates are shown for which name. For each name the best pair of every kind of key is taken
 * (an exact name before a wildcard, an earlier one before a later), so that an ECDSA and an RSA
 * certificate can stand side by side; names with the same pairs share one identity.
 */
import { NameIndex } from "../core/name-index.ts";
import type { KeyPair, TlsIdentity } from "../core/tls.ts";

export interface NamedPair {
  readonly pair: KeyPair;
  readonly names: readonly string[];
  readonly keyKind: string;
}

/** The first identity is the one for clients that name nobody, or nobody known: that of the first pair. */
export function groupIdentities(pairs: readonly NamedPair[]): readonly TlsIdentity[] {
  const [first] = pairs;
  if (first === undefined) return [];
  const byKind = indexByKind(pairs);
  const groups = new Map<readonly NamedPair[], string[]>();
  const known = new Map<string, readonly NamedPair[]>();
  const place = (name: string | null, chosen: readonly NamedPair[]): void => {
    const text = chosen.map((pair) => pairs.indexOf(pair)).join();
    const group = known.get(text) ?? chosen;
    known.set(text, group);
    const names = groups.get(group) ?? [];
    groups.set(group, name === null ? names : [...names, name]);
  };
  place(null, withOtherKinds(first, byKind));
  for (const name of new Set(pairs.flatMap(({ names }) => names))) place(name, bestOfEachKind(name, byKind));
  return [...groups].map(([group, names]) => ({ names, pairs: group.map(({ pair }) => pair) }));
}

function indexByKind(pairs: readonly NamedPair[]): ReadonlyMap<string, NameIndex<NamedPair>> {
  const byKind = new Map<string, NameIndex<NamedPair>>();
  for (const pair of pairs) {
    const index = byKind.get(pair.keyKind) ?? new NameIndex<NamedPair>();
    byKind.set(pair.keyKind, index);
    for (const name of pair.names) index.add(name, pair);
  }
  return byKind;
}

function bestOfEachKind(
  name: string,
  byKind: ReadonlyMap<string, NameIndex<NamedPair>>,
): readonly NamedPair[] {
  // Whoever covers any label at all covers this one.
  const asked = name.replace(/^\*\./, "any-label-whatever.");
  return [...byKind.values()].flatMap((index) => index.find(asked) ?? []);
}

/** The default shows its own pair, and pairs of other kinds that are for all of its names, too. */
function withOtherKinds(
  first: NamedPair,
  byKind: ReadonlyMap<string, NameIndex<NamedPair>>,
): readonly NamedPair[] {
  return [...byKind].flatMap(([kind, index]) => {
    if (kind === first.keyKind) return first;
    const [name = ""] = first.names;
    return bestOfEachKind(name, new Map([[kind, index]]));
  });
}
