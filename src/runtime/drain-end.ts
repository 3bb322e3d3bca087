/** What happens when a drain's deadline passes: the endpoint goes into maintenance, and what it still has is ended. */
import type { Config } from "../config/schema.ts";
import { assert } from "../core/assert.ts";
import type { Log } from "../core/log.ts";
import type { ConfigChanges } from "./config-changes.ts";
import type { DataPlaneLink } from "./data-plane-link.ts";
import { withEndpointState } from "./endpoint-edits.ts";
import type { ChangeOrigin } from "./revisions.ts";
import type { SharedEndpoint } from "./shared-state.ts";

export interface DrainEnderParts {
  readonly log: Log;
  readonly changes: ConfigChanges;
  readonly dataPlanes: readonly DataPlaneLink[];
}

const origin: ChangeOrigin = { way: "api", by: null, note: "the deadline for draining has passed" };

function maintained(current: Config | null, pool: string, name: string): Config {
  assert(current !== null, "endpoints are drained while a configuration is in force");
  return withEndpointState(current, pool, name, "maintenance");
}

export function drainEnder({
  log,
  changes,
  dataPlanes,
}: DrainEnderParts): (endpoint: SharedEndpoint) => void {
  return ({ key, pool, config: { name } }) => {
    const takeOut = changes.change((current) => maintained(current, pool, name), { origin });
    takeOut
      // It may have been removed meanwhile, which is as good.
      .catch((error: unknown) =>
        log.debug("endpoint not taken out", { pool, endpoint: name, reason: String(error) }),
      )
      // Nothing that is ended shall be tried there again.
      .finally(() => {
        for (const link of dataPlanes) link.endDrain(key);
      });
  };
}
