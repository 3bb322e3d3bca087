/** Origins, a proxy before them and clients, taken down together; whatever leaked fails the test. */
import { test } from "node:test";
import { connectRaw, type RawClient } from "./raw-client.ts";
import { type OriginOptions, type RawOrigin, refusingPort, startRawOrigin } from "./raw-origin.ts";
import { type ProxyOptions, startProxy, type TestProxy, viaName } from "./start-proxy.ts";
import { type Transport, transports } from "./transports.ts";

export interface RigOptions extends Partial<ProxyOptions> {
  /** One origin for each; a single one that answers 200 by default. */
  readonly behaviours?: readonly OriginOptions[];
  /** Endpoints that refuse connections, ahead of the origins. */
  readonly refusing?: number;
}

export class Rig {
  readonly proxy: TestProxy;
  readonly behindIt: readonly RawOrigin[];
  readonly #clients: RawClient[] = [];

  constructor(proxy: TestProxy, behindIt: readonly RawOrigin[]) {
    this.proxy = proxy;
    this.behindIt = behindIt;
  }

  /** The first origin. */
  get origin(): RawOrigin {
    return this.behindIt[0] as RawOrigin;
  }

  async connect(): Promise<RawClient> {
    const client = await connectRaw(this.proxy.port);
    this.#clients.push(client);
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.destroy();
    try {
      // Origins first would look like endpoints that fail.
      await this.proxy.close();
    } finally {
      for (const origin of this.behindIt) await origin.close();
    }
  }
}

export async function startRig(options: RigOptions = {}): Promise<Rig> {
  const behindIt = await Promise.all(
    (options.behaviours ?? [{}]).map((behaviour) => startRawOrigin(behaviour)),
  );
  try {
    const refusing = await Promise.all(Array.from({ length: options.refusing ?? 0 }, refusingPort));
    const origins = [...refusing, ...behindIt.map(({ port }) => port)];
    const proxy = await startProxy({ origins, ...options });
    return new Rig(proxy, behindIt);
  } catch (error) {
    for (const origin of behindIt) await origin.close();
    throw error;
  }
}

/** One test for each transport. */
export function testOverTransports(name: string, body: (transport: Transport) => Promise<void>): void {
  for (const transport of transports) {
    test(`${name} (${transport.name} streams)`, { timeout: 60_000 }, async () => body(transport));
  }
}

/**
 * A request as the proxy ought to send it: Host first, then what passes, Via, the framing.
 * `lines` and `framing` are field lines without CRLF.
 */
export function forwarded(
  requestLine: string,
  host: string,
  lines: readonly string[] = [],
  framing: readonly string[] = [],
  body = "",
): string {
  const all = [requestLine, `Host: ${host}`, ...lines, `Via: 1.1 ${viaName}`, ...framing];
  return `${all.join("\r\n")}\r\n\r\n${body}`;
}
