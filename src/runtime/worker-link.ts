/**
 * A data plane in a worker thread. When the thread dies it is replaced, with a growing pause if it
 * keeps dying, and brought to the current snapshot; the other workers serve meanwhile.
 */
import type { AcmeAnswer } from "../core/acme.ts";
import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { DialTarget } from "../core/transport.ts";
import type { OpenSocket } from "../platform/socket-handover.ts";
import { startWorker, type WorkerThread } from "../platform/worker-thread.ts";
import { type DataPlaneLink, ListenError } from "./data-plane-link.ts";
import type { ObservabilityReport } from "./observability-share.ts";
import type { ExchangeFilter } from "./observability-tail.ts";
import type { BoundAddress, Snapshot } from "./snapshot.ts";
import type { ListenersTls } from "./tls-listeners.ts";
import type { FromWorker, ToWorker, WorkerStart } from "./worker-messages.ts";

export interface WorkerLinkParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly start: WorkerStart;
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

const entry = new URL(
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
  #snapshot: Snapshot | null = null;
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
    const addresses = await this.#call((call) => ({ kind: "apply", call, snapshot }));
    this.#snapshot = snapshot;
    return addresses;
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

  /** What a replacement will be given. */
  set latestSnapshot(snapshot: Snapshot) {
    this.#snapshot = snapshot;
  }

  async drain(): Promise<void> {
    this.#isStopping = true;
    await this.#call((call) => ({ kind: "drain", call }));
    await this.#thread?.terminate();
  }

  /** The worker cuts what is left and brings out its logs; one that does not answer is ended all the same. */
  async terminate(): Promise<void> {
    this.#isStopping = true;
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
    this.#startedMs = this.#parts.clock.nowMs();
    // What a thread has inherited is gone when it dies.
    const inherited = this.#inherited;
    this.#inherited = [];
    this.#thread = startWorker(entry, { ...this.#parts.start, inherited } satisfies WorkerStart, {
      onMessage: (message) => this.#receive(message as FromWorker),
      onExit: (error) => this.#exited(error),
    });
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
    const { log, clock, start, onDied } = this.#parts;
    this.#thread = null;
    onDied(start.workerIndex);
    for (const call of this.#calls.values()) {
      if (this.#isStopping) call.resolve([]);
      else call.reject(error ?? new Error("the worker ended"));
    }
    this.#calls.clear();
    if (this.#isStopping) return;
    log.error("worker died and is replaced", { worker: start.workerIndex, reason: error?.stack ?? "ended" });
    if (clock.nowMs() - this.#startedMs > stableAfterMs) this.#delayMs = restartDelayMs;
    clock.setTimer(this.#delayMs, () => this.#restart());
    this.#delayMs = Math.min(this.#delayMs * 2, restartDelayMaxMs);
  }

  #restart(): void {
    if (this.#isStopping) return;
    this.#start();
    if (this.#filters.length > 0) this.setExchangeFilters(this.#filters);
    if (this.#answers.length > 0) void this.setChallenges(this.#answers);
    const snapshot = this.#snapshot;
    if (snapshot === null) return;
    this.#call((call) => ({ kind: "apply", call, snapshot })).then(
      () => this.#parts.log.info("worker is back", { worker: this.#parts.start.workerIndex }),
      (reason: unknown) => this.#parts.log.error("replaced worker cannot serve", { reason: String(reason) }),
    );
  }
}
