/** Where endpoints come from, as the API shows it. */
import type { AdminDocument } from "../../config/admin-documents.ts";
import type { EndpointConfig } from "../../config/schema-endpoint.ts";
import type { AdminContext } from "../operation.ts";
import { isoTime } from "./changes.ts";

export function sourceDocument(context: AdminContext, pool: string): AdminDocument<"Pool">["source"] {
  const reading = context.balancer.sources.readings().find((other) => other.pool === pool);
  if (reading === undefined) return null;
  const { pool: _pool, lastSuccessWallMs, ...rest } = reading;
  return { ...rest, lastSuccess: lastSuccessWallMs === null ? null : isoTime(lastSuccessWallMs) };
}

/** Who brought an endpoint of `pool`. */
export function originOf(
  context: AdminContext,
  pool: string,
  endpoint: EndpointConfig,
): AdminDocument<"Endpoint">["origin"] {
  if (endpoint.isFound === true) return "source";
  const listed = context.writtenConfig().pools[pool]?.endpoints ?? [];
  return listed.some(({ name }) => name === endpoint.name) ? "configuration" : "operator";
}
