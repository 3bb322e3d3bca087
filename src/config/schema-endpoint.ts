/** Endpoints: one address each, and what the pool should know about it. */
import * as z from "zod";
import { parseEndpointUrl } from "../core/address.ts";
import { field, withShorthand } from "./field.ts";
import type { Frozen } from "./field.ts";
import { choice, count, countOrUnlimited, flag, text } from "./leaves.ts";
import { endpointUrl, name } from "./texts.ts";

const endpointFields = z.strictObject({
  url: field(
    endpointUrl(),
    "Where the endpoint lives: `http://host:port`, `https://host`, or `unix:/path` (a Host header to send may follow after a colon); behind `tcp` and `udp` listeners also `tcp://host:port`, `udp://host:port`.",
    { reload: "reconnect" },
  ),
  name: field(
    name("endpoint").optional(),
    "What logs, metrics, the API and hash policies call this endpoint.",
    {
      defaultText: "`host:port`, or `unix:/path`",
      hazard: "Hash policies place an endpoint by its name: changing it moves keys.",
    },
  ),
  weight: field(
    count(0, 65_535).prefault(1),
    "Share of traffic relative to its peers; 0 takes no new traffic.",
  ),
  backup: field(
    flag().prefault(false),
    "Receives traffic only when no ordinary endpoint can. Same as the next lower priority.",
  ),
  priority: field(
    count(0, 127).prefault(0),
    "Tier; 0 is served first, the next when a tier has too few healthy endpoints.",
  ),
  state: field(
    choice(["ready", "draining", "maintenance"]).prefault("ready"),
    "How it starts: `ready`; `draining` (sticky clients only, no new ones); `maintenance` (nothing, and no probes count).",
  ),
  maxRequests: field(
    countOrUnlimited(1).prefault("unlimited"),
    "Most requests in flight over all workers; the policy passes over an endpoint at its limit.",
  ),
  maxConnections: field(
    countOrUnlimited(1).prefault("unlimited"),
    "Most connections to it, idle ones included, over all workers.",
  ),
  zone: field(
    text("the name of a zone").nullable().prefault(null),
    "Where it stands (a data centre, a rack), for zone-aware balancing.",
  ),
  labels: field(
    z.record(z.string(), text()).prefault({}),
    "Free facts about the endpoint, for subsets and for reading.",
  ),
});

export interface Named {
  readonly name: string;
  /** What no user writes: a source of the pool found the endpoint. */
  readonly isFound?: true;
}

const endpointObject = endpointFields.transform((endpoint): z.output<typeof endpointFields> & Named => ({
  ...endpoint,
  name: endpoint.name ?? defaultName(endpoint.url),
}));

export const endpointSchema = withShorthand(endpointObject, "url", "a URL or an endpoint with a url");

function defaultName(url: string): string {
  const address = parseEndpointUrl(url);
  return "problem" in address ? url : address.name;
}

export type EndpointConfig = Frozen<z.output<typeof endpointSchema>>;
