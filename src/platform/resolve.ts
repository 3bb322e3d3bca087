/**
 * Host names to addresses, as this machine sees them: its hosts file first, then DNS with the records'
 * own TTL, then whatever else the system is set up for (search domains, mDNS). It keeps no cache:
 * whoever asks holds the answer for its TTL.
 */
import { lookup, Resolver } from "node:dns";
import { readFile } from "node:fs";
import { isIP } from "node:net";
import { isLocalName } from "../core/address.ts";
import type { NameAnswer, NameResolver } from "../core/names.ts";

/** Answers without a TTL of their own hold for this long. */
const unknownTtlMs = 5_000;
const ttlMinMs = 1_000;
/** Even a year-long TTL is asked about again after a day. */
const ttlMaxMs = 86_400_000;

type Done = (answer: NameAnswer) => void;

export interface ResolverParts {
  /** `address` or `address:port` of DNS servers to ask instead of the system's. */
  readonly servers?: readonly string[];
  readonly hostsPath?: string;
  /** For each try; two are made. */
  readonly timeoutMs?: number;
}

export function createResolver(parts: ResolverParts = {}): NameResolver {
  const dns = new Resolver({ timeout: parts.timeoutMs ?? 2_000, tries: 2 });
  if (parts.servers !== undefined) dns.setServers(parts.servers);
  const hostsPath = parts.hostsPath ?? "/etc/hosts";
  return {
    resolve(name, done) {
      const fixed = fixedAnswer(name);
      if (fixed !== null) {
        setImmediate(done, fixed);
        return;
      }
      readFile(hostsPath, "latin1", (_error, text: string | undefined) => {
        const addresses = addressesInHosts(text ?? "", name);
        if (addresses.length > 0) done({ addresses, ttlMs: unknownTtlMs });
        else askDns(dns, name, (answer) => ("errorCode" in answer ? askSystem(name, done) : done(answer)));
      });
    },
  };
}

/** Addresses need no resolving, and `localhost` never leaves the machine (RFC 6761 §6.3). */
function fixedAnswer(name: string): NameAnswer | null {
  if (isIP(name) !== 0) return { addresses: [name], ttlMs: ttlMaxMs };
  return isLocalName(name.toLowerCase()) ? { addresses: ["127.0.0.1", "::1"], ttlMs: ttlMaxMs } : null;
}

/** The addresses that a hosts file gives to a name, IPv4 first. */
export function addressesInHosts(text: string, name: string): string[] {
  const wanted = name.toLowerCase();
  const found: string[] = [];
  for (const line of text.split("\n")) {
    const [address = "", ...names] = line.replace(/#.*/, "").trim().split(/\s+/);
    if (isIP(address) !== 0 && names.some((other) => other.toLowerCase() === wanted)) found.push(address);
  }
  return ipv4First(found);
}

function askDns(dns: Resolver, name: string, done: Done): void {
  const found: string[] = [];
  let ttlSeconds = Number.POSITIVE_INFINITY;
  let errorCode = "ENOTFOUND";
  let pending = 2;
  const finish = (
    error: NodeJS.ErrnoException | null,
    records: readonly { address: string; ttl: number }[] | undefined,
  ): void => {
    if (error !== null) errorCode = error.code ?? errorCode;
    for (const record of records ?? []) {
      found.push(record.address);
      ttlSeconds = Math.min(ttlSeconds, record.ttl);
    }
    if (--pending > 0) return;
    if (found.length === 0) done({ errorCode });
    else
      done({ addresses: ipv4First(found), ttlMs: Math.min(Math.max(ttlSeconds * 1000, ttlMinMs), ttlMaxMs) });
  };
  dns.resolve4(name, { ttl: true }, finish);
  dns.resolve6(name, { ttl: true }, finish);
}

function askSystem(name: string, done: Done): void {
  lookup(name, { all: true }, (error, records) => {
    if (error !== null || records.length === 0) done({ errorCode: error?.code ?? "ENOTFOUND" });
    else done({ addresses: ipv4First(records.map((record) => record.address)), ttlMs: unknownTtlMs });
  });
}

/** Keeps the order within each family, so that an answer that merely rotates stays comparable once sorted. */
function ipv4First(addresses: readonly string[]): string[] {
  const unique = [...new Set(addresses)];
  return [
    ...unique.filter((address) => isIP(address) === 4),
    ...unique.filter((address) => isIP(address) === 6),
  ];
}
