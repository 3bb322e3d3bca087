/**
 * Listening sockets that pass from one process to the next. An acceptor that uses inherited sockets where
 * it has them, and knows which are open, so that they can be passed on: the kernel's queue of
 * connections stays with the socket, and nobody is refused or reset in between.
 */
import type { Acceptor, BoundListener, ByteStream, ListenTarget } from "../core/transport.ts";

/** The sockets of one address. Plain data: it goes to worker threads and through the environment. */
export interface InheritedSockets {
  /** Names of the address: as configured and as bound. */
  readonly keys: readonly string[];
  /** Those this thread is to accept on; maybe none, when there are more threads than sockets. */
  readonly descriptors: readonly number[];
  /** Further sockets may be bound to the same port. */
  readonly isPortShared: boolean;
}

export interface OpenSocket {
  readonly keys: readonly string[];
  readonly descriptor: number;
  readonly isPortShared: boolean;
}

interface Open {
  readonly keys: readonly string[];
  readonly isPortShared: boolean;
  readonly bound: readonly BoundListener[];
}

export class SocketHandover implements Acceptor {
  readonly #acceptor: Acceptor;
  #inherited: readonly InheritedSockets[];
  readonly #open = new Set<Open>();
  #isHandedOver = false;

  constructor(acceptor: Acceptor, inherited: readonly InheritedSockets[] = []) {
    this.#acceptor = acceptor;
    this.#inherited = inherited;
  }

  /** All that are open, one entry for each socket. */
  get sockets(): readonly OpenSocket[] {
    return [...this.#open].flatMap(({ keys, isPortShared, bound }) =>
      bound.flatMap(({ descriptor }) =>
        descriptor === undefined ? [] : [{ keys, descriptor, isPortShared }],
      ),
    );
  }

  /** Another process goes on with the sockets: closing them here ends nothing. */
  handOver(): void {
    this.#isHandedOver = true;
  }

  async listen(
    target: ListenTarget,
    backlog: number,
    onStream: (stream: ByteStream) => void,
  ): Promise<BoundListener> {
    const key = listenKey(target);
    const inherited = this.#inherited.find(({ keys }) => keys.includes(key));
    // Used once: after a reload has closed it, the address is bound as any other.
    this.#inherited = this.#inherited.filter((other) => other !== inherited);
    const bound = await this.#bind(target, inherited ?? null, backlog, onStream);
    const first = bound[0];
    if (first === undefined) return nothingBound(key);
    const isPortShared = inherited?.isPortShared ?? (target.kind === "tcp" && target.isPortShared);
    const open: Open = {
      keys: [...new Set([key, first.address, ...(inherited?.keys ?? [])])],
      isPortShared,
      bound,
    };
    this.#open.add(open);
    return {
      address: first.address,
      port: first.port,
      close: async () => {
        this.#open.delete(open);
        await Promise.all(bound.map((listener) => listener.close(this.#isHandedOver)));
      },
    };
  }

  async #bind(
    target: ListenTarget,
    inherited: InheritedSockets | null,
    backlog: number,
    onStream: (stream: ByteStream) => void,
  ): Promise<readonly BoundListener[]> {
    if (inherited === null || (inherited.descriptors.length === 0 && inherited.isPortShared)) {
      return [await this.#acceptor.listen(target, backlog, onStream)];
    }
    return Promise.all(
      inherited.descriptors.map((descriptor) =>
        this.#acceptor.listen({ ...target, descriptor }, backlog, onStream),
      ),
    );
  }
}

/** What an address is called among processes: `127.0.0.1:8080`, `[::]:80`, `unix:/run/gate.sock`. */
export function listenKey(target: ListenTarget): string {
  if (target.kind === "unix") return `unix:${target.path}`;
  return `${target.address.includes(":") ? `[${target.address}]` : target.address}:${target.port}`;
}

/** Divides sockets among threads: each socket has one thread that accepts on it. */
export function shareOut(
  sockets: readonly OpenSocket[],
  threads: number,
): readonly (readonly InheritedSockets[])[] {
  const addresses = groupByAddress(sockets);
  return Array.from({ length: threads }, (_, thread) =>
    addresses.map(({ keys, isPortShared, descriptors }) => ({
      keys,
      isPortShared,
      descriptors: descriptors.filter((_descriptor, index) => index % threads === thread),
    })),
  );
}

/** Sockets that have a name in common have one address. */
function groupByAddress(sockets: readonly OpenSocket[]): readonly InheritedSockets[] {
  const groups: InheritedSockets[] = [];
  for (const { keys, descriptor, isPortShared } of sockets) {
    const index = groups.findIndex((group) => group.keys.some((key) => keys.includes(key)));
    const group = groups[index];
    if (group === undefined) groups.push({ keys, descriptors: [descriptor], isPortShared });
    else {
      groups[index] = {
        keys: [...new Set([...group.keys, ...keys])],
        descriptors: [...group.descriptors, descriptor],
        isPortShared: group.isPortShared && isPortShared,
      };
    }
  }
  return groups;
}

function nothingBound(key: string): BoundListener {
  return { address: key, port: Number(/:(\d+)$/.exec(key)?.[1] ?? 0), close: () => Promise.resolve() };
}
