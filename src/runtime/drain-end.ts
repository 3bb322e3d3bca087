/**
 * What happens as a drain's deadline comes near and passes: the endpoint goes into maintenance, its WebSockets are
 * asked to close, and in the end what it still has is ended.
 */
import type { Config } from "../config/schema.ts";
import { assert } from "../core/assert.ts";
import type { Log } from "../core/log.ts";
import type { ConfigChanges } from "./config-changes.ts";
import type { DataPlaneLink } from "./data-plane-link.ts";
import type { DrainsParts } from "./drain-progress.ts";
import { withEndpointState } from "./endpoint-edits.ts";
import type { ChangeOrigin } from "./revisions.ts";
import type { SharedEndpoint } from "./shared-state.ts";

export interface DrainEnderParts {
  readonly log: Log;
  readonly changes: ConfigChanges;
  readonly dataPlanes: readonly DataPlaneLink[];
}

const origin: ChangeOrigin = { way: "api", by: null, note: "the deadline for draining" };

function maintained(current: Config | null, pool: string, name: string): Config {
  assert(current !== null, "endpoints are drained while a configuration is in force");
  return withEndpointState(current, pool, name, "maintenance");
}

/** Both wait until nothing that ends can be tried there again, and no client that comes back is sent there. */
export function drainEnder(
  parts: DrainEnderParts,
): Pick<DrainsParts, "endDrain" | "closeWebSockets" | "webSocketCloseMs"> {
  const { changes, dataPlanes } = parts;
  return {
    endDrain: (endpoint) => {
      takeOut(parts, endpoint, () => {
        for (const link of dataPlanes) link.endDrain(endpoint.key);
      });
    },
    closeWebSockets: (endpoint, withinMs) => {
      takeOut(parts, endpoint, () => {
        for (const link of dataPlanes) link.closeWebSockets(endpoint.key, withinMs);
      });
    },
    webSocketCloseMs: () => changes.revisions.current?.config.shutdown.webSocketClose ?? 0,
  };
}

function takeOut(
  { log, changes }: DrainEnderParts,
  { pool, config: { name } }: SharedEndpoint,
  andThen: () => void,
): void {
  const change = changes.change((current) => maintained(current, pool, name), { origin });
  change
    // It may have been removed meanwhile, which is as good.
    .catch((error: unknown) =>
      log.debug("endpoint not taken out", { pool, endpoint: name, reason: String(error) }),
    )
    .finally(andThen);
}
