/**
 * Keeps the addresses of endpoints' names current: resolves at the start, again when the TTL ends, and
 * keeps the last good answer when the resolver fails. Each name is resolved once, whoever uses it.
 */
import type { Clock, Timer } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { NameAnswer, NameResolver } from "../core/names.ts";
import type { DialTarget } from "../core/transport.ts";

/** An endpoint whose host is a name. */
export interface NamedEndpoint {
  readonly key: string;
  readonly host: string;
  readonly port: number;
  readonly ttlMinMs: number;
  readonly ttlMaxMs: number;
  /** Instead of the TTL; null to follow the TTL. */
  readonly refreshMs: number | null;
  readonly family: "any" | "ipv4" | "ipv6";
  /** Time a resolution may take. */
  readonly timeoutMs: number;
}

interface Watched {
  readonly endpoints: Map<string, NamedEndpoint>;
  addresses: readonly string[];
  timer: Timer | null;
  /** Settled by the first answer. */
  readonly ready: Promise<void>;
  settle: () => void;
}

export interface NameWatchParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly resolver: NameResolver;
  /** The addresses behind an endpoint have changed. */
  onTargets(key: string, targets: readonly DialTarget[]): void;
}

/** A failed resolution is tried again after this long. */
const retryMs = 5000;
const readyTimeoutMs = 5000;

export class NameWatch {
  readonly #parts: NameWatchParts;
  readonly #names = new Map<string, Watched>();
  readonly #endpoints = new Map<string, NamedEndpoint>();
  #isClosed = false;

  constructor(parts: NameWatchParts) {
    this.#parts = parts;
  }

  /** Watches exactly these endpoints; resolves when each name was answered once, or time is up. */
  async watch(endpoints: readonly NamedEndpoint[]): Promise<void> {
    this.#endpoints.clear();
    for (const watched of this.#names.values()) watched.endpoints.clear();
    for (const endpoint of endpoints) {
      this.#endpoints.set(endpoint.key, endpoint);
      this.#watch(endpoint);
    }
    for (const [name, watched] of this.#names) if (watched.endpoints.size === 0) this.#forget(name, watched);
    let giveUp: Timer | null = null;
    const timeUp = new Promise<void>((resolve) => {
      giveUp = this.#parts.clock.setTimer(readyTimeoutMs, resolve);
    });
    await Promise.race([Promise.all([...this.#names.values()].map(({ ready }) => ready)), timeUp]);
    (giveUp as Timer | null)?.cancel();
  }

  /** Where the endpoint is now; empty while its name has no address. */
  targets(key: string): readonly DialTarget[] {
    const endpoint = this.#endpoints.get(key);
    if (endpoint === undefined) return [];
    return targetsOf(endpoint, this.#names.get(endpoint.host)?.addresses ?? []);
  }

  close(): void {
    this.#isClosed = true;
    for (const [name, watched] of this.#names) this.#forget(name, watched);
  }

  #watch(endpoint: NamedEndpoint): void {
    const name = endpoint.host;
    const known = this.#names.get(name);
    if (known !== undefined) return void known.endpoints.set(endpoint.key, endpoint);
    const { promise, resolve } = Promise.withResolvers<void>();
    const watched: Watched = {
      endpoints: new Map([[endpoint.key, endpoint]]),
      addresses: [],
      timer: null,
      ready: promise,
      settle: resolve,
    };
    this.#names.set(name, watched);
    this.#resolve(name, watched);
  }

  #forget(name: string, watched: Watched): void {
    watched.timer?.cancel();
    watched.settle();
    this.#names.delete(name);
  }

  #resolve(name: string, watched: Watched): void {
    const { clock, resolver } = this.#parts;
    const timeoutMs = Math.min(...[...watched.endpoints.values()].map((endpoint) => endpoint.timeoutMs));
    let isAnswered = false;
    const answered = (answer: NameAnswer): void => {
      // What comes after its time is over is asked for again soon enough.
      if (isAnswered || this.#isClosed || this.#names.get(name) !== watched) return;
      isAnswered = true;
      watched.timer?.cancel();
      const delayMs = this.#take(name, watched, answer);
      watched.settle();
      watched.timer = clock.setTimer(delayMs, () => this.#resolve(name, watched));
    };
    watched.timer = clock.setTimer(timeoutMs, () => answered({ errorCode: "ETIMEOUT" }));
    resolver.resolve(name, answered);
  }

  /** Returns when to ask again. */
  #take(name: string, watched: Watched, answer: NameAnswer): number {
    const { log } = this.#parts;
    if ("errorCode" in answer) {
      const kept = watched.addresses.length > 0;
      log.warn(kept ? "name not resolved, last addresses kept" : "name not resolved", {
        host: name,
        error: answer.errorCode,
      });
      return retryMs;
    }
    const hasChanged = !isSameSet(answer.addresses, watched.addresses);
    if (hasChanged) {
      log.info("name resolved", { host: name, addresses: answer.addresses });
      watched.addresses = answer.addresses;
      for (const endpoint of watched.endpoints.values())
        this.#parts.onTargets(endpoint.key, targetsOf(endpoint, answer.addresses));
    }
    const delays = [...watched.endpoints.values()].map(
      ({ refreshMs, ttlMinMs, ttlMaxMs }) =>
        refreshMs ?? Math.min(Math.max(answer.ttlMs, ttlMinMs), ttlMaxMs),
    );
    return Math.min(retryMs * 100, ...delays);
  }
}

function targetsOf(endpoint: NamedEndpoint, addresses: readonly string[]): readonly DialTarget[] {
  const { family, port } = endpoint;
  return addresses
    .filter((address) => family === "any" || (family === "ipv6") === address.includes(":"))
    .map((address) => ({ kind: "tcp", address, port }));
}

/** The order of a DNS answer rotates and means nothing. */
function isSameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((address) => b.includes(address));
}
