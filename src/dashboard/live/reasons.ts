/** Why an endpoint is in its state: the probes' words, or the last event about it. */
import type { AdminDocument } from "../../config/admin-documents.ts";
import type { EndpointNow } from "./live-model.ts";

const kindsOfState: Readonly<Record<string, string>> = {
  down: "endpoint-down",
  ejected: "endpoint-ejected",
  draining: "endpoint-draining",
  maintenance: "endpoint-maintenance",
};

/** "" when nothing is known. `events`: oldest first. */
export function reasonOf(
  { pool, name, state, reason }: Pick<EndpointNow, "pool" | "name" | "state" | "reason">,
  events: readonly AdminDocument<"Event">[],
): string {
  if (state === "down" && reason !== "") return reason;
  const kind = kindsOfState[state];
  const event = events.findLast((each) => each.kind === kind && each.pool === pool && each.endpoint === name);
  if (event === undefined) return "";
  const told = event.message.startsWith(`${name} is `) ? event.message.slice(name.length + 4) : event.message;
  return event.origin === undefined ? told : `${told}, by ${event.origin}`;
}
