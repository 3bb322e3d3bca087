/** An exchange as those who follow exchanges live see it. */
import type { Cause } from "../core/errors.ts";
import type { AccessRecord } from "../observability/access-log/access-record.ts";

/** Strings from the client are octets as code points. */
export interface LiveExchange {
  readonly wallMs: number;
  readonly client: string;
  readonly listener: string;
  readonly route: string;
  readonly pool: string;
  readonly endpoint: string;
  readonly method: string;
  readonly host: string;
  readonly target: string;
  readonly status: number;
  readonly cause: Cause | null;
  readonly detail: string;
  readonly durationMs: number;
  readonly queueMs: number;
  readonly connectMs: number | null;
  readonly firstByteMs: number | null;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly failedAttempts: readonly { readonly endpoint: string; readonly cause: Cause }[];
  readonly requestId: string;
}

/** Of a record as a data plane has it, or of one on its way to a viewer. */
export function namesOf(
  record: AccessRecord | LiveExchange,
): Pick<LiveExchange, "route" | "pool" | "endpoint"> {
  if ("wallMs" in record) return record;
  return { route: record.routeName, pool: record.poolName, endpoint: record.endpoint?.name ?? "" };
}
