/**
 * Sockets that share a port hide that another program of the same user shares it, too. Binding each
 * port once without sharing, before the workers do, turns that into the usual "address in use".
 */
import type { Config } from "../config/schema.ts";
import type { Acceptor } from "../core/transport.ts";
import { listenKey } from "../platform/socket-handover.ts";
import { ListenError } from "./data-plane-link.ts";
import { bindAddress, listenTarget } from "./listener-settings.ts";

/** Addresses in `inheritedKeys` are known to be ours. Rejects with a ListenError. */
export async function checkPorts(
  config: Config,
  acceptor: Acceptor,
  inheritedKeys: ReadonlySet<string> = new Set(),
): Promise<void> {
  for (const listener of config.listeners) {
    if (listener.protocol === "udp") continue;
    const target = listenTarget(bindAddress(listener), undefined, false);
    if (target.kind === "unix" || target.port === 0 || inheritedKeys.has(listenKey(target))) continue;
    try {
      const bound = await acceptor.listen(target, 1, (stream) => stream.destroy());
      await bound.close();
    } catch (error) {
      throw new ListenError((error as NodeJS.ErrnoException).code ?? "EUNKNOWN", listener.address);
    }
  }
}
