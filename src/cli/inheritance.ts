/**
 * What a new process takes over from the one before it, or from systemd: listening sockets, and what was
 * changed at run time. It travels in the environment, which is cleared at once; but keys, because the system
 * goes on showing what a process began with, over a channel of their own.
 */
import { readFileSync, readlinkSync } from "node:fs";
import { deserialize, serialize } from "node:v8";
import type { OpenSocket } from "../platform/socket-handover.ts";
import type { EndpointDrift } from "../runtime/drift.ts";
import type { TicketKeyInheritance } from "../runtime/tls-ticket-keys.ts";
import { boundAddressOf } from "./bound-address.ts";

export interface Inheritance {
  readonly sockets: readonly OpenSocket[];
  /** The admin API's socket. */
  readonly admin: { readonly address: string; readonly descriptor: number } | null;
  readonly drift: readonly EndpointDrift[];
  /** Null: TLS sessions begin anew. */
  readonly ticketKeys: TicketKeyInheritance | null;
}

/** What stands in the environment. */
type Written = Omit<Inheritance, "ticketKeys"> & { readonly areKeysTold?: boolean };

export const nothingInherited: Inheritance = { sockets: [], admin: null, drift: [], ticketKeys: null };

const variable = "HEADGATE_INHERITED";
/** By systemd's convention the first of `LISTEN_FDS` descriptors. */
const firstOfSystemd = 3;

/** For the environment of a successor. */
export function inheritanceVariables({
  sockets,
  admin,
  drift,
  ticketKeys,
}: Inheritance): Record<string, string> {
  const written: Written = { sockets, admin, drift, areKeysTold: ticketKeys !== null };
  return { [variable]: serialize(written).toString("base64") };
}

/** For the channel to a successor; null when there is nothing that others must not see. */
export function inheritedSecrets({ ticketKeys }: Inheritance): string | null {
  return ticketKeys === null ? null : serialize(ticketKeys).toString("base64");
}

/** Reads and clears what there is. `hear` resolves with the secrets, or null when they do not come. */
export async function takeInheritance(
  environment: NodeJS.ProcessEnv,
  hear: () => Promise<string | null>,
): Promise<Inheritance> {
  const text = environment[variable];
  delete environment[variable];
  if (text !== undefined && text !== "") {
    const { areKeysTold = false, ...rest } = deserialize(Buffer.from(text, "base64")) as Written;
    const secrets = areKeysTold ? await hear() : null;
    const ticketKeys =
      secrets === null ? null : (deserialize(Buffer.from(secrets, "base64")) as TicketKeyInheritance);
    return { ...rest, ticketKeys };
  }
  const count =
    environment["LISTEN_PID"] === String(process.pid) ? Number(environment["LISTEN_FDS"] ?? 0) : 0;
  const names = (environment["LISTEN_FDNAMES"] ?? "").split(":");
  for (const name of ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"]) delete environment[name];
  if (!(count > 0)) return nothingInherited;
  return fromSystemd(
    Array.from({ length: count }, (_, index) => ({
      descriptor: firstOfSystemd + index,
      name: names[index] ?? "",
    })),
  );
}

/** The socket called `admin` is the API's; the others are known by their addresses. */
function fromSystemd(passed: readonly { readonly descriptor: number; readonly name: string }[]): Inheritance {
  const system = {
    readLink: (path: string) => readlinkSync(path),
    readText: (path: string) => readFileSync(path, "utf8"),
  };
  const known = passed.flatMap(({ descriptor, name }) => {
    const address = boundAddressOf(descriptor, system);
    return address === null ? [] : [{ descriptor, name, address }];
  });
  const admin = known.find(({ name }) => name === "admin");
  return {
    // Bound by another user as a rule, and then nobody else may share their ports.
    sockets: known
      .filter((socket) => socket !== admin)
      .map(({ descriptor, address }) => ({ descriptor, keys: [address], isPortShared: false })),
    admin: admin === undefined ? null : { address: admin.address, descriptor: admin.descriptor },
    drift: [],
    ticketKeys: null,
  };
}
