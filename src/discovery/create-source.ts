/** From a pool's `source` section to the source that it describes. */
import type { SourceConfig } from "../config/schema-source.ts";
import type { Clock } from "../core/clock.ts";
import type { DnsClient } from "../core/dns.ts";
import type { Random } from "../core/random.ts";
import { lookForAddresses, lookForServices } from "./dns-look.ts";
import type { EndpointSource, Look } from "./endpoint-source.ts";
import { FileSource, type FileSourceParts } from "./file-source.ts";
import { lookAtUrl } from "./http-look.ts";
import { PolledSource } from "./polled-source.ts";

/** What sources need of the machine. */
export interface SourceParts extends FileSourceParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly dnsClient: DnsClient;
}

export function createSource(config: SourceConfig, parts: SourceParts): EndpointSource {
  switch (config.kind) {
    case "file":
      return new FileSource(config, parts);
    case "dns":
      return polled(config, parts, lookForAddresses(config, parts.dnsClient));
    case "srv":
      return polled(config, parts, lookForServices(config, parts.dnsClient));
    case "http": {
      const { look, close } = lookAtUrl(config, parts.clock);
      return new PolledSource({ ...parts, look, jitter: config.jitter, close });
    }
  }
}

function polled(
  { jitter }: { readonly jitter: number },
  { clock, random }: SourceParts,
  look: Look,
): EndpointSource {
  return new PolledSource({ clock, random, look, jitter });
}

/** Where it looks, for people: `dns app.example.com:8081`. */
export function sourceText(config: SourceConfig): string {
  switch (config.kind) {
    case "file":
      return `file ${config.path}`;
    case "dns":
      return `dns ${config.name}:${config.port}`;
    case "srv":
      return `srv ${config.name}`;
    case "http":
      return `http ${withoutQuery(config.url)}`;
  }
}

/** Queries may carry tokens. */
function withoutQuery(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}
