/**
 * A data plane in a worker thread. When the thread dies, or its replacement cannot serve, it is replaced,
 * with a growing pause if that goes on, and brought to the current snapshot; the other workers serve
 * meanwhile.
 */
import type { AcmeAnswer } from "../core/acme.ts";
import type { Clock, Timer } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { DialTarget } from "../core/transport.ts";
import type { Random } from "../core/random.ts";
import type { OpenSocket } from "../platform/socket-handover.ts";
import type { WorkerHandlers, WorkerThread } from "../platform/worker-thread.ts";
import { type DataPlaneLink, ListenError } from "./data-plane-link.ts";
import type { ObservabilityReport } from "./observability-share.ts";
import type { ExchangeFilter } from "./exchange-filter.ts";
import type { BoundAddress, Snapshot } from "./snapshot.ts";
import type { ListenersTls } from "./tls-listeners.ts";
import type { FromWorker, ToWorker, WorkerStart } from "./worker-messages.ts";

export interface WorkerLinkParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly start: WorkerStart;
  startThread(start: WorkerStart, handlers: WorkerHandlers): WorkerThread;
  /** An endpoint should be judged now. */
  onSuspect(endpointKey: string): void;
  /** A listener that gets certificates on demand was asked for a name. */
  onNameWanted(listener: string, serverName: string): void;
  onObserved(report: ObservabilityReport): void;
  /** Settles what the dead thread held: active requests, connections. */
  onDied(workerIndex: number): void;
}

/** A worker that is to end has so long for its last lines. */
const farewellMs = 1000;
const restartDelayMs = 100;
const restartDelayMaxMs = 5000;
/** A worker that lived this long has recovered. */
const stableAfterMs = 30_000;
/** A replacement that does not serve after so long never will. */
const reviveMaxMs = 30_000;

/** The program of worker threads. */
export const workerEntry = new URL(
  import.meta.url.endsWith(".ts") ? "./worker-entry.ts" : "./worker-entry.js",
  import.meta.url,
);

interface Call {
  readonly resolve: (addresses: readonly BoundAddress[]) => void;
  readonly reject: (error: Error) => void;
}

export class WorkerLink implements DataPlaneLink {
  readonly #parts: WorkerLinkParts;
  readonly #calls = new Map<number, Call>();
  #callCount = 0;
  #thread: WorkerThread | null = null;
  #startedMs = 0;
  #delayMs = restartDelayMs;
  /** What a replacement is given. */
  #snapshot: Snapshot | null = null;
  #isServing = false;
  /** A replacement is brought to the snapshot; never rejects. */
  #reviving: Promise<void> | null = null;
  /** Why the thread is ended although it lives. */
  #failure: string | null = null;
  #restartTimer: Timer | null = null;
  #filters: readonly ExchangeFilter[] = [];
  #answers: readonly AcmeAnswer[] = [];
  #sockets: readonly OpenSocket[] = [];
  #inherited: WorkerStart["inherited"];
  #isStopping = false;

  constructor(parts: WorkerLinkParts) {
    this.#parts = parts;
    this.#inherited = parts.start.inherited;
    this.#start();
  }

  async apply(snapshot: Snapshot): Promise<readonly BoundAddress[]> {
    await this.#reviving;
    if (this.#isStopping) throw new Error("the worker is stopping");
    // The new snapshot may be what a replacement needs: it is tried at once.
    if (this.#thread === null) this.#start();
    try {
      const addresses = await this.#call((call) => ({ kind: "apply", call, snapshot }));
      this.#served();
      // A replacement must not draw other ports where the configuration says 0.
      this.#snapshot = { ...snapshot, boundPorts: portsOf(addresses) };
      return addresses;
    } catch (error) {
      if (this.#snapshot !== null && !this.#isServing) this.#giveUp(error);
      throw error;
    }
  }

  /** Its thread lives and has bound its listeners. */
  get isServing(): boolean {
    return this.#isServing;
  }

  /** Its listening sockets, as of the latest snapshot. */
  get sockets(): readonly OpenSocket[] {
    return this.#sockets;
  }

  /** Another process goes on with the listening sockets; draining leaves them open there. */
  handOver(): void {
    this.#post({ kind: "hand-over" });
  }

  /** The worker keeps the new targets; a replacement gets them with its snapshot. */
  setTargets(key: string, targets: readonly DialTarget[]): void {
    this.#post({ kind: "targets", key, targets });
    if (this.#snapshot !== null) this.#snapshot = withTargets(this.#snapshot, key, targets);
  }

  closeWebSockets(key: string, withinMs: number): void {
    this.#post({ kind: "close-web-sockets", key, withinMs });
  }

  endDrain(key: string): void {
    this.#post({ kind: "end-drain", key });
  }

  /** As with targets, but a replacement must not go back to what its snapshot had. */
  setTls(tls: ListenersTls): void {
    this.#post({ kind: "tls", tls });
    if (this.#snapshot !== null) this.#snapshot = { ...this.#snapshot, tls };
  }

  /** A worker that has died meanwhile is no reason to wait: its replacement is told. */
  async setChallenges(answers: readonly AcmeAnswer[]): Promise<void> {
    this.#answers = answers;
    if (this.#thread === null) return;
    try {
      await this.#call((call) => ({ kind: "challenges", call, answers }));
    } catch {
      return;
    }
  }

  async drain(graceMs: number): Promise<void> {
    this.#stop();
    if (this.#thread === null) return;
    await this.#call((call) => ({ kind: "drain", call, graceMs }));
    // It may have died meanwhile.
    await (this.#thread as WorkerThread | null)?.terminate();
  }

  /** The worker cuts what is left and brings out its logs; one that does not answer is ended all the same. */
  async terminate(): Promise<void> {
    this.#stop();
    if (this.#thread === null) return;
    const { clock } = this.#parts;
    const farewell = this.#call((call) => ({ kind: "terminate", call }));
    await Promise.race([farewell, new Promise<void>((resolve) => clock.setTimer(farewellMs, resolve))]);
    await this.#thread?.terminate();
  }

  setExchangeFilters(filters: readonly ExchangeFilter[]): void {
    this.#filters = filters;
    this.#post({ kind: "exchange-filters", filters });
  }

  reopenLogs(): void {
    this.#post({ kind: "reopen-logs" });
  }

  /** Ends the thread as a crash would. For tests of replacement. */
  async kill(): Promise<void> {
    await this.#thread?.terminate();
  }

  #start(): void {
    this.#restartTimer?.cancel();
    this.#failure = null;
    this.#startedMs = this.#parts.clock.nowMs();
    // What a thread has inherited is gone when it dies.
    const inherited = this.#inherited;
    this.#inherited = [];
    this.#thread = this.#parts.startThread(
      { ...this.#parts.start, inherited },
      {
        onMessage: (message) => this.#receive(message as FromWorker),
        onExit: (error) => this.#exited(error),
      },
    );
    if (this.#filters.length > 0) this.setExchangeFilters(this.#filters);
    if (this.#answers.length > 0) void this.setChallenges(this.#answers);
  }

  #stop(): void {
    this.#isStopping = true;
    this.#restartTimer?.cancel();
  }

  #post(message: ToWorker): void {
    this.#thread?.post(message);
  }

  #call(message: (call: number) => ToWorker): Promise<readonly BoundAddress[]> {
    const call = ++this.#callCount;
    return new Promise((resolve, reject) => {
      this.#calls.set(call, { resolve, reject });
      this.#post(message(call));
    });
  }

  #receive(message: FromWorker): void {
    if (message.kind === "log") {
      this.#parts.log[message.level](message.message, message.fields);
      return;
    }
    if (message.kind === "suspect") {
      this.#parts.onSuspect(message.key);
      return;
    }
    if (message.kind === "name-wanted") {
      this.#parts.onNameWanted(message.listener, message.serverName);
      return;
    }
    if (message.kind === "observed") {
      this.#parts.onObserved(message.report);
      return;
    }
    const call = this.#calls.get(message.call);
    if (call === undefined) return;
    this.#calls.delete(message.call);
    switch (message.kind) {
      case "applied":
        this.#sockets = message.sockets;
        call.resolve(message.addresses);
        return;
      case "drained":
      case "answering":
        call.resolve([]);
        return;
      case "listen-failed":
        call.reject(new ListenError(message.code, message.address));
        return;
      case "apply-failed":
        call.reject(new Error(message.message));
        return;
    }
  }

  #exited(error: Error | null): void {
    const { log, start, onDied } = this.#parts;
    this.#thread = null;
    this.#isServing = false;
    onDied(start.workerIndex);
    for (const call of this.#calls.values()) {
      if (this.#isStopping) call.resolve([]);
      else call.reject(error ?? new Error("the worker ended"));
    }
    this.#calls.clear();
    if (this.#isStopping) return;
    const about = { worker: start.workerIndex };
    if (this.#failure === null)
      log.error("worker died and is replaced", { ...about, reason: error?.stack ?? "ended" });
    else log.error("worker cannot serve and is replaced", { ...about, reason: this.#failure });
    this.#restartLater();
  }

  /** Half of the pause is drawn: workers that died of one thing do not come back as one. */
  #restartLater(): void {
    const { clock, random } = this.#parts;
    if (clock.nowMs() - this.#startedMs > stableAfterMs) this.#delayMs = restartDelayMs;
    const pauseMs = this.#delayMs * (0.5 + random.next() / 2);
    this.#delayMs = Math.min(this.#delayMs * 2, restartDelayMaxMs);
    this.#restartTimer = clock.setTimer(pauseMs, () => {
      this.#reviving = this.#revive().finally(() => (this.#reviving = null));
    });
  }

  async #revive(): Promise<void> {
    this.#start();
    const snapshot = this.#snapshot;
    if (snapshot === null) return;
    const timer = this.#parts.clock.setTimer(reviveMaxMs, () =>
      this.#giveUp(`not ready after ${reviveMaxMs / 1000} s`),
    );
    try {
      await this.#call((call) => ({ kind: "apply", call, snapshot }));
      this.#served();
    } catch (error) {
      this.#giveUp(error);
    } finally {
      timer.cancel();
    }
  }

  #served(): void {
    if (this.#isStopping) return;
    const { log, start } = this.#parts;
    if (!this.#isServing && this.#snapshot !== null)
      log.info("worker is back", { worker: start.workerIndex });
    this.#isServing = true;
  }

  /** Ends a replacement that cannot serve; the next one follows its exit. */
  #giveUp(reason: unknown): void {
    if (this.#thread === null || this.#isStopping) return;
    this.#failure ??= reason instanceof Error ? reason.message : String(reason);
    void this.#thread.terminate();
  }
}

function portsOf(addresses: readonly BoundAddress[]): Snapshot["boundPorts"] {
  return Object.fromEntries(addresses.map(({ listener, port }) => [listener, port]));
}

function withTargets(snapshot: Snapshot, key: string, targets: readonly DialTarget[]): Snapshot {
  const pools = Object.entries(snapshot.pools).map(([name, pool]) => {
    const endpoints = pool.endpoints.map((each) => (each.key === key ? { ...each, targets } : each));
    return [name, { ...pool, endpoints }] as const;
  });
  return { ...snapshot, pools: Object.fromEntries(pools) };
}
