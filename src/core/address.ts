/**
 * Reads the addresses users write: where a listener binds, where an endpoint lives, which networks are
 * meant. Pure text work; names are resolved elsewhere.
 */
import { readAddress } from "./ip-address.ts";

/** Where a listener binds. `host` null means every interface, IPv6 and IPv4. */
export type BindAddress =
  | { readonly kind: "tcp"; readonly host: string | null; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

/** Where an endpoint lives. */
export interface EndpointAddress {
  /** `tcp` and `udp` say that something else than HTTP is spoken there; they have no port of their own. */
  readonly scheme: "http" | "https" | "tcp" | "udp";
  /** `ip`: `host` is an address without brackets · `name`: to be resolved · `unix`: `host` is the Host header to send. */
  readonly kind: "ip" | "name" | "unix";
  readonly host: string;
  /** 0 for a unix socket. */
  readonly port: number;
  /** Path of the unix socket; empty for the other kinds. */
  readonly socketPath: string;
  /** `host:port` or `unix:/path`: the default name of the endpoint. */
  readonly name: string;
  /** What the Host header would be if the endpoint's own name is sent: no port when it is the scheme's own. */
  readonly authority: string;
}

/** What is wrong with the text, as the end of a sentence; `fix` is a correct spelling where one is evident. */
export interface AddressProblem {
  readonly problem: string;
  readonly fix: string | null;
}

const portMax = 65_535;

/** Reads `:8080`, `127.0.0.1:80`, `[::1]:80`, `localhost:80`, `*:80`, `unix:/run/x.sock`. Port 0 lets the system choose. */
export function parseBindAddress(text: string): BindAddress | AddressProblem {
  if (text.startsWith("unix:")) {
    const path = text.slice("unix:".length);
    return path.startsWith("/")
      ? { kind: "unix", path }
      : { problem: "a unix socket needs an absolute path", fix: null };
  }
  if (/^\d{1,5}$/.test(text)) return { problem: "a port alone needs a colon in front", fix: `:${text}` };
  if (/^https?:\/\//.test(text)) {
    return {
      problem: "a listener has an address, not a URL",
      fix: text.replace(/^https?:\/\//, "").replace(/\/.*$/, ""),
    };
  }
  const split = splitHostPort(text);
  if ("problem" in split) return split;
  if (split.port === null) return { problem: "the port is missing", fix: `${text}:8080` };
  if (split.host === "" || split.host === "*") return { kind: "tcp", host: null, port: split.port };
  if (!isIp(split.host) && !isHostName(split.host))
    return { problem: `'${split.host}' is neither an IP address nor a name`, fix: null };
  return { kind: "tcp", host: split.host, port: split.port };
}

/** Text of a bind address, the way logs and defaults write it. */
export function formatBindAddress(address: BindAddress): string {
  return address.kind === "unix" ? `unix:${address.path}` : joinHostPort(address.host ?? "", address.port);
}

/**
 * Reads `http://host:port`, `https://host`, `http://[::1]:80`, `tcp://host:port`, `unix:/run/app.sock` and
 * `unix:/run/app.sock:host.example` (the part after the second colon is the Host header to send).
 */
export function parseEndpointUrl(text: string): EndpointAddress | AddressProblem {
  if (text.startsWith("unix:")) return parseUnixEndpoint(text);
  const match = /^([a-zA-Z][a-zA-Z0-9+.-]*):\/\/([^/?#]*)(.*)$/s.exec(text);
  if (match === null) {
    const bare = text.replace(/^\/\//, "");
    const looksRight = /^[\w.[\]:-]+$/.test(bare) && bare !== "";
    return { problem: "the scheme is missing", fix: looksRight ? `http://${bare}` : null };
  }
  const scheme = match[1]!.toLowerCase();
  const authority = match[2]!;
  const rest = match[3]!;
  if (scheme !== "http" && scheme !== "https" && scheme !== "tcp" && scheme !== "udp") {
    return { problem: `the scheme '${scheme}' is not served; http, https, tcp, udp and unix are`, fix: null };
  }
  if (authority.includes("@"))
    return { problem: "user and password do not belong into an endpoint's URL", fix: null };
  if (rest !== "" && rest !== "/") {
    return {
      problem: "an endpoint's URL has no path; rewrite the path on a route instead",
      fix: `${scheme}://${authority}`,
    };
  }
  return endpointFrom(scheme, authority);
}

const ownPorts = { http: 80, https: 443, tcp: null, udp: null } as const;

function endpointFrom(
  scheme: EndpointAddress["scheme"],
  authority: string,
): EndpointAddress | AddressProblem {
  const split = splitHostPort(authority);
  if ("problem" in split) return split;
  const host = split.host.toLowerCase();
  if (host === "") return { problem: "the host is missing", fix: null };
  const kind = isIp(host) ? "ip" : "name";
  if (kind === "name" && !isHostName(host))
    return { problem: `'${host}' is neither an IP address nor a name`, fix: null };
  const ownPort = ownPorts[scheme];
  const port = split.port ?? ownPort;
  if (port === null) return { problem: "the port is missing", fix: null };
  if (port === 0) return { problem: "port 0 cannot be connected to", fix: null };
  const name = joinHostPort(host, port);
  return {
    scheme,
    kind,
    host,
    port,
    socketPath: "",
    name,
    authority: port === ownPort ? bracketed(host) : name,
  };
}

function parseUnixEndpoint(text: string): EndpointAddress | AddressProblem {
  const [path = "", host = "localhost"] = text
    .slice("unix:".length)
    .replace(/^\/\/(?=\/)/, "")
    .split(":", 2);
  if (!path.startsWith("/")) return { problem: "a unix socket needs an absolute path", fix: null };
  if (!isHostName(host)) return { problem: `'${host}' is not a name`, fix: null };
  return {
    scheme: "http",
    kind: "unix",
    host,
    port: 0,
    socketPath: path,
    name: `unix:${path}`,
    authority: host,
  };
}

const scratch = new Uint32Array(4);

/** An IPv4 address of four decimal parts or an IPv6 address without brackets (zones are refused). */
export function isIp(text: string): boolean {
  return !text.includes("%") && readAddress(text, scratch) !== 0;
}

/** A DNS name, underscores allowed because service names use them. */
export function isHostName(text: string): boolean {
  if (text.length > 253 || /^[\d.]+$/.test(text)) return false;
  return text
    .replace(/\.$/, "")
    .split(".")
    .every((label) => /^[a-zA-Z0-9_](?:[a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?$/.test(label));
}

/** `localhost` and its children never leave the machine (RFC 6761 §6.3). */
export function isLocalName(name: string): boolean {
  return name === "localhost" || name.endsWith(".localhost");
}

interface HostPort {
  readonly host: string;
  readonly port: number | null;
}

/** Splits `host:port`, `[v6]:port`, `host`; the host comes without brackets. */
function splitHostPort(text: string): HostPort | AddressProblem {
  if (!text.startsWith("[") && text.split(":").length > 2)
    return { problem: "an IPv6 address stands in brackets", fix: inBrackets(text) };
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(.*))?$/s.exec(text);
  if (match === null) return { problem: "it is not host:port", fix: null };
  const [, v6, plain = "", portText] = match;
  if (v6 !== undefined && !(v6.includes(":") && isIp(v6)))
    return { problem: `'${v6}' is not an IPv6 address`, fix: null };
  if (portText === undefined) return { host: v6 ?? plain, port: null };
  if (!/^\d{1,5}$/.test(portText) || Number(portText) > portMax)
    return { problem: `'${portText}' is not a port (0 to ${portMax})`, fix: null };
  return { host: v6 ?? plain, port: Number(portText) };
}

function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

function joinHostPort(host: string, port: number): string {
  return `${bracketed(host)}:${port}`;
}

/** `::1:8080` was probably meant as `[::1]:8080`. */
function inBrackets(text: string): string | null {
  const lastColon = text.lastIndexOf(":");
  if (isIp(text.slice(0, lastColon))) return `[${text.slice(0, lastColon)}]${text.slice(lastColon)}`;
  return isIp(text) ? `[${text}]` : null;
}
