/** The kinds of text with a grammar of their own: addresses, networks, header names, statuses, patterns. */
import { formatBindAddress, isHostName, isIp, parseBindAddress, parseEndpointUrl } from "../core/address.ts";
import { cidrFault } from "../core/cidr.ts";
import { formatDnsServer, parseDnsServer } from "../core/dns.ts";
import { compileTemplate } from "../core/template.ts";
import type { TemplateStage } from "../core/template-scope.ts";
import { leaf, oneOrMany } from "./field.ts";
import type { LeafResult } from "./field.ts";
import { text, textAs } from "./leaves.ts";

/** Where to bind; kept in the canonical spelling of `formatBindAddress`. */
export function bindAddress() {
  const allowed = "an address such as :8080, 127.0.0.1:80, [::1]:80 or unix:/run/headgate.sock";
  return leaf<string, string>({
    parse: (input) => {
      if (typeof input !== "string" && typeof input !== "number") return { allowed, isWrongType: true };
      const address = parseBindAddress(String(input));
      if ("problem" in address) return { allowed, reason: address.problem, suggestion: address.fix };
      return { value: formatBindAddress(address) };
    },
    json: { type: "string" },
  });
}

/** Where something is told or fetched over HTTP. */
export function httpUrl(example: string) {
  const allowed = `a URL such as ${example}`;
  return textAs(allowed, (input) =>
    URL.canParse(input) && /^https?:$/.test(new URL(input).protocol) ? { value: input } : { allowed },
  );
}

/** Where an endpoint lives; kept in canonical spelling, readable by `parseEndpointUrl`. */
export function endpointUrl() {
  const allowed = "a URL such as http://10.0.0.1:8081, https://app.example.com or unix:/run/app.sock";
  return textAs(allowed, (input) => {
    const address = parseEndpointUrl(input);
    if ("problem" in address) return { allowed, reason: address.problem, suggestion: address.fix };
    if (address.kind === "unix")
      return { value: `unix:${address.socketPath}${address.host === "localhost" ? "" : `:${address.host}`}` };
    return { value: `${address.scheme}://${address.name}` };
  });
}

/** A network or an address; `unix:` stands for peers on a unix socket. Kept as written. */
export function cidr() {
  const allowed = "a network such as 10.0.0.0/8 or an address such as 192.0.2.7";
  return textAs(allowed, (input) => {
    const fault = cidrFault(input);
    return fault === null ? { value: input } : { allowed, reason: fault };
  });
}

/** A header's name (RFC 9110 §5.6.2), kept as written; names are compared without case. */
const headerNamePattern = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

export function headerName() {
  return textAs(
    "a header name such as X-Request-Id",
    (input) =>
      headerNamePattern.test(input)
        ? { value: input }
        : {
            allowed: "a header name such as X-Request-Id",
            reason: "a header name has letters, digits and hyphens only",
          },
    {
      type: "string",
      pattern: headerNamePattern.source,
    },
  );
}

/** What stands behind a header's name, without variables. */
export function headerValue() {
  return textAs("a text of one line", (input) =>
    /[\x00-\x08\x0a-\x1f\x7f]/.test(input) ? { allowed: "a text of one line" } : { value: input },
  );
}

/** A template of one line (see `core/template.ts`), checked for the moment at which it is evaluated. */
export function template(stage: TemplateStage = "request") {
  const allowed = "a text of one line, possibly with ${…} parts";
  return textAs(allowed, (input) =>
    /[\r\n\0]/.test(input)
      ? { allowed, reason: "line breaks cannot stand here" }
      : readTemplate(input, stage),
  );
}

/** A template of any number of lines, for bodies. */
export function bodyTemplate(stage: TemplateStage = "end") {
  return textAs("a text, possibly with ${…} parts", (input) => readTemplate(input, stage));
}

function readTemplate(input: string, stage: TemplateStage): LeafResult<string> {
  const result = compileTemplate(input, { stage });
  const problem = result.isOk ? undefined : result.problems[0];
  if (problem === undefined) return { value: input };
  return {
    allowed: "a text, possibly with ${…} parts",
    reason: problem.problem,
    suggestion: problem.fix,
    at: { offset: problem.offset, length: problem.length },
  };
}

/** A range of status codes, both ends included. */
export interface StatusRange {
  readonly from: number;
  readonly to: number;
}

/** `200`, `2xx`, `200-399`, or a list of them. Held as ranges. */
export function statuses() {
  return oneOrMany(
    leaf<number | string, StatusRange>({
      parse: readStatuses,
      json: {
        anyOf: [
          { type: "integer", minimum: 100, maximum: 599 },
          { type: "string", pattern: "^\\d{3}(-\\d{3})?$|^[1-5]xx$" },
        ],
      },
      valueKind: "statuses",
    }),
  );
}

function readStatuses(input: unknown): LeafResult<StatusRange> {
  const allowed = "a status such as 200, 2xx or 200-399";
  const written = typeof input === "number" ? String(input) : input;
  if (typeof written !== "string") return { allowed, isWrongType: true };
  const hundred = /^([1-5])xx$/i.exec(written);
  if (hundred !== null)
    return { value: { from: Number(hundred[1]) * 100, to: Number(hundred[1]) * 100 + 99 } };
  const match = /^(\d{3})(?:-(\d{3}))?$/.exec(written);
  if (match === null) return { allowed };
  const from = Number(match[1]);
  const to = Number(match[2] ?? match[1]);
  return from >= 100 && to <= 599 && from <= to ? { value: { from, to } } : { allowed };
}

/** One status code. */
export function status(min = 200, max = 599) {
  return leaf<number, number>({
    parse: (input) => {
      const value = typeof input === "string" && /^\d{3}$/.test(input) ? Number(input) : input;
      return typeof value === "number" && Number.isInteger(value) && value >= min && value <= max
        ? { value }
        : { allowed: `a status from ${min} to ${max}` };
    },
    json: { type: "integer", minimum: min, maximum: max },
  });
}

/** The name of something configured: printable ASCII without spaces, so that it fits logs and metrics. */
export function name(what: string) {
  const allowed = `a name for the ${what}, without spaces`;
  return textAs(allowed, (input) => (/^[\x21-\x7e]{1,200}$/.test(input) ? { value: input } : { allowed }));
}

/** The name of a host, or an IP address: what a Host header or SNI may carry. */
export function hostName() {
  const allowed = "a host name such as app.example.com";
  return textAs(allowed, (input) => (isHostName(input) || isIp(input) ? { value: input } : { allowed }));
}

/** A DNS server; kept as `address:port`. */
export function dnsServer() {
  const allowed = "a DNS server's address such as 10.0.0.2, 10.0.0.2:5353 or [::1]:5353";
  return textAs(allowed, (input) => {
    const server = parseDnsServer(input);
    return server === null ? { allowed } : { value: formatDnsServer(server) };
  });
}

/** Where something is fetched from: no user and password, which belong into headers. */
export function listUrl() {
  const allowed = "a URL such as https://registry.example.com/app.json";
  return textAs(allowed, (input) => {
    if (!URL.canParse(input) || !/^https?:$/.test(new URL(input).protocol)) return { allowed };
    const { username, password } = new URL(input);
    if (username === "" && password === "") return { value: input };
    return {
      allowed,
      reason: "user and password do not belong into the URL; set headers: { Authorization: … }",
    };
  });
}

/** A name that stands in DNS, in full. */
export function dnsName() {
  const allowed = "a name in DNS such as app.example.com";
  return textAs(allowed, (input) =>
    isHostName(input)
      ? { value: input }
      : { allowed, ...(isIp(input) ? { reason: "an address needs no looking up" } : {}) },
  );
}

/** A file on this machine. Relative paths start from the working directory. */
export function filePath() {
  return text("the path of a file");
}

/** A regular expression in JavaScript's syntax, checked here and kept as text. */
export function regex() {
  return textAs("a regular expression", (input) => {
    const problem = regexProblem(input);
    return problem === null ? { value: input } : { allowed: "a regular expression", reason: problem };
  });
}

/** Why a text is no regular expression, or null. */
export function regexProblem(source: string): string | null {
  try {
    return new RegExp(source) instanceof RegExp ? null : source;
  } catch (error) {
    return error instanceof Error
      ? error.message.replace(/^Invalid regular expression: [^]*: /, "").toLowerCase()
      : "not a regular expression";
  }
}
