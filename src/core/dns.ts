/**
 * The seam for DNS records: what somebody who follows records may ask, and what comes back.
 * `platform/dns-client.ts` asks over the network. Names as this machine sees them are `names.ts`.
 */
import { isIp } from "./address.ts";

export type DnsQuestionType = "A" | "AAAA" | "SRV";

export interface AddressRecord {
  readonly type: "A" | "AAAA";
  /** Whose address it is, in small letters without a final dot. */
  readonly name: string;
  readonly address: string;
  readonly ttlSeconds: number;
}

/** RFC 2782. */
export interface ServiceRecord {
  readonly type: "SRV";
  readonly name: string;
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  /** Empty when the record says that the service is decidedly not there. */
  readonly target: string;
  readonly ttlSeconds: number;
}

export type DnsRecord = AddressRecord | ServiceRecord;

export type DnsAnswer =
  | {
      /** Of the name and type asked for, aliases followed; empty when there are none or no such name. */
      readonly records: readonly DnsRecord[];
      /** What the server said besides: addresses of targets, as a rule. */
      readonly additional: readonly DnsRecord[];
      /** Least TTL of all records on the way to the answer; of an empty answer, how long it may be kept. */
      readonly ttlSeconds: number;
    }
  /** Nothing can be said about the name: one clause. */
  | { readonly problem: string };

export interface DnsQuestion {
  readonly name: string;
  readonly type: DnsQuestionType;
  /** `address:port`, `[v6]:port`; empty for the system's. */
  readonly servers: readonly string[];
  /** For the whole answer. */
  readonly timeoutMs: number;
}

export interface DnsClient {
  /** `done` is called once, never before `ask` returns. The result gives up; `done` is not called then. */
  ask(question: DnsQuestion, done: (answer: DnsAnswer) => void): () => void;
}

export interface DnsServer {
  /** Without brackets. */
  readonly address: string;
  readonly port: number;
}

const dnsPort = 53;

/** Reads `10.0.0.2`, `10.0.0.2:5353`, `::1`, `[::1]`, `[::1]:5353`; null for anything else, names included. */
export function parseDnsServer(text: string): DnsServer | null {
  if (isIp(text)) return { address: text, port: dnsPort };
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text);
  if (match === null) return null;
  const [, v6, v4 = "", portText] = match;
  const address = v6 ?? v4;
  const port = portText === undefined ? dnsPort : Number(portText);
  if (!isIp(address) || (v6 !== undefined) !== address.includes(":") || port < 1 || port > 65_535)
    return null;
  return { address, port };
}

export function formatDnsServer({ address, port }: DnsServer): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
