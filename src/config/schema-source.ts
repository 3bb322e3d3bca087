/**
 * Endpoint sources: where a pool's endpoints are found while the program runs, besides those it lists.
 * How each kind asks stands in `discovery/`.
 */
import * as z from "zod";
import { field } from "./field.ts";
import type { Frozen } from "./field.ts";
import { choice, count, duration, flag, share, size } from "./leaves.ts";
import { dnsName, dnsServer, filePath, headerName, headerValue, listUrl } from "./texts.ts";

/** Not more than the memory of all endpoints' counters should cost. */
const endpointsMost = 10_000;

const common = {
  allowEmpty: field(
    flag().prefault(false),
    "Whether an answer without any endpoint empties the pool. Otherwise such an answer counts as a failure, and the last good set stays.",
    { hazard: "With `true`, a registry that has lost its data takes the whole pool out of service." },
  ),
  endpointsMax: field(
    count(1, endpointsMost).prefault(1000),
    "Most endpoints in one answer; an answer with more is refused as a whole.",
  ),
};

const bytesMax = () =>
  field(size(1).prefault("1MiB"), "Largest list that is read; a larger one is refused as a whole.");

const jitter = () =>
  field(
    share().prefault("10%"),
    "Random part added to each wait, so that many Headgates do not ask at once.",
  );

const file = z.strictObject({
  kind: field(
    z.literal("file"),
    "`file`: a YAML or JSON file with a list of endpoints, read again whenever it changes.",
  ),
  path: field(
    filePath(),
    "The file. Replace it by renaming another over it, so that it is never half written.",
  ),
  bytesMax: bytesMax(),
  ...common,
});

const dnsFields = {
  scheme: field(
    choice(["http", "https", "tcp", "udp"]).prefault("http"),
    "What the endpoints' URLs begin with. Endpoints are addresses: `https` needs `tls.serverName`.",
  ),
  family: field(choice(["any", "ipv4", "ipv6"]).prefault("any"), "Which addresses are asked for."),
  servers: field(
    z.array(dnsServer()).prefault([]),
    "DNS servers to ask, in this order: an address, or `address:port`.",
    { defaultText: "those of the system (/etc/resolv.conf)" },
  ),
  ttlMin: field(duration(100).prefault("1s"), "A shorter TTL is taken as this."),
  ttlMax: field(duration(100).prefault("5m"), "A longer TTL is taken as this."),
  timeout: field(
    duration(50).prefault("5s"),
    "Time one answer may take, all servers and repetitions included.",
  ),
  jitter: jitter(),
};

const dns = z.strictObject({
  kind: field(
    z.literal("dns"),
    "`dns`: every address of a name (A and AAAA records) is an endpoint; asked again when the TTL ends.",
  ),
  name: field(dnsName(), "The name, in full: search domains and the hosts file are not consulted."),
  port: field(count(1, 65_535), "The endpoints' port."),
  ...dnsFields,
  ...common,
});

const srv = z.strictObject({
  kind: field(
    z.literal("srv"),
    "`srv`: every address of every target of SRV records is an endpoint; weights are the records', and their priorities become tiers.",
  ),
  name: field(dnsName(), "The records' name, in full: `_http._tcp.app.example.com`."),
  ...dnsFields,
  ...common,
});

const http = z.strictObject({
  kind: field(
    z.literal("http"),
    "`http`: a YAML or JSON list of endpoints at a URL, asked for again and again; an unchanged `ETag` costs nothing.",
  ),
  url: field(listUrl(), "Where the list is. Redirects are not followed."),
  headers: field(
    z.record(headerName(), field(headerValue(), "The value.", { isSecret: true })).prefault({}),
    "Further request headers, such as Authorization.",
  ),
  interval: field(duration(100).prefault("10s"), "Time between two requests."),
  timeout: field(
    duration(10).prefault("5s"),
    "Time a request may take from connecting to the end of the body.",
  ),
  jitter: jitter(),
  bytesMax: bytesMax(),
  ...common,
});

export const sourceSchema = z.discriminatedUnion("kind", [file, dns, srv, http]);

export type SourceConfig = Frozen<z.output<typeof sourceSchema>>;
export type SourceConfigOf<Kind extends SourceConfig["kind"]> = Extract<SourceConfig, { kind: Kind }>;
