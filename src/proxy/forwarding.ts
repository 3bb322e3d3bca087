/**
 * Who the client is and how the endpoint learns of it: X-Forwarded-*, X-Real-IP, Forwarded
 * (RFC 7239) and Via. From strangers these fields are overwritten; a trusted proxy's are appended to.
 */
import type { Fields } from "../http1/fields.ts";
import type { RequestHead } from "../http1/request-head.ts";

/** The direct peer of a connection, addresses without IPv4-mapped prefixes. */
export interface Peer {
  readonly address: string;
  readonly port: number;
  readonly localPort: number;
  readonly isSecure: boolean;
  readonly isTrusted: boolean;
}

export interface ForwardingSettings {
  /** The proxies whose word is believed. */
  readonly trusted: { contains(address: string): boolean };
  /** Which fields endpoints are sent. What strangers sent under these names is removed in any case. */
  readonly fields: {
    readonly xForwardedFor: boolean;
    readonly xForwardedProto: boolean;
    readonly xForwardedHost: boolean;
    readonly xForwardedPort: boolean;
    readonly xRealIp: boolean;
    readonly forwarded: boolean;
  };
  /** What Headgate calls itself in Via; null sends no Via of its own. */
  readonly viaName: string | null;
}

/** `::ffff:10.0.0.1`, as a dual-stack socket reports it, is 10.0.0.1. */
export function plainAddress(address: string): string {
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address;
}

/** The lines to add to what may pass, each with CRLF. */
export function forwardingLines(head: RequestHead, peer: Peer, settings: ForwardingSettings): string {
  const { fields } = head;
  const { isTrusted } = peer;
  const wanted = settings.fields;
  let lines = "";
  if (wanted.xRealIp) lines += `X-Real-IP: ${clientOf(fields, peer, settings)}\r\n`;
  if (wanted.xForwardedFor) {
    const earlier = isTrusted && fields.xForwardedFor !== "" ? `${fields.xForwardedFor}, ` : "";
    lines += `X-Forwarded-For: ${earlier}${peer.address}\r\n`;
  }
  if (wanted.xForwardedProto) {
    lines += `X-Forwarded-Proto: ${(isTrusted && fields.xForwardedProto) || schemeOf(peer)}\r\n`;
  }
  if (wanted.xForwardedHost) {
    const host = (isTrusted && fields.xForwardedHost) || head.host;
    if (host !== "") lines += `X-Forwarded-Host: ${host}\r\n`;
  }
  if (wanted.xForwardedPort) {
    const port = (isTrusted && fields.xForwardedPort) || String(peer.localPort);
    if (port !== "0") lines += `X-Forwarded-Port: ${port}\r\n`;
  }
  if (wanted.forwarded) {
    const earlier = isTrusted && fields.forwarded !== "" ? `${fields.forwarded}, ` : "";
    lines += `Forwarded: ${earlier}${forwardedElement(head, peer)}\r\n`;
  }
  return lines + viaLine(head, settings.viaName);
}

function viaLine(head: RequestHead, viaName: string | null): string {
  const { via } = head.fields;
  if (viaName === null) return via === "" ? "" : `Via: ${via}\r\n`;
  const version = head.isHttp2 === true ? "2" : `1.${head.versionMinor}`;
  return `Via: ${via === "" ? "" : `${via}, `}${version} ${viaName}\r\n`;
}

function schemeOf(peer: Peer): string {
  return peer.isSecure ? "https" : "http";
}

/** The address that counts as the client's: the nearest hop to the left that is not trusted. */
export function clientOf(fields: Fields, peer: Peer, settings: ForwardingSettings): string {
  if (!peer.isTrusted || fields.xForwardedFor === "") return peer.address;
  const hops = fields.xForwardedFor.split(",");
  let client = peer.address;
  for (let i = hops.length - 1; i >= 0; i--) {
    const hop = plainAddress(withoutPort((hops[i] as string).trim()));
    if (!/^[0-9A-Fa-f.:]+$/.test(hop)) break;
    client = hop;
    if (!settings.trusted.contains(hop)) break;
  }
  return client;
}

/** Some proxies write `1.2.3.4:5678` or `[::1]:5678`. */
function withoutPort(hop: string): string {
  if (hop.startsWith("[")) return hop.slice(1, hop.indexOf("]"));
  return /^[0-9.]+:[0-9]+$/.test(hop) ? hop.slice(0, hop.indexOf(":")) : hop;
}

function forwardedElement(head: RequestHead, peer: Peer): string {
  const node = peer.address.startsWith("unix:")
    ? "unknown"
    : peer.address.includes(":")
      ? `"[${peer.address}]"`
      : peer.address;
  const host =
    head.host === "" ? "" : `;host=${/^[0-9A-Za-z.\-_]+$/.test(head.host) ? head.host : `"${head.host}"`}`;
  return `for=${node}${host};proto=${schemeOf(peer)}`;
}
