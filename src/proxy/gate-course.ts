/** Takes a request through its route's gates in order: some refuse, some hold it back, some need time. */
import { Deadline } from "../core/deadlines.ts";
import type { ProxyContext } from "./proxy-context.ts";
import type { RequestScope } from "./request-scope.ts";
import type { Gate, GateVerdict } from "./route-plan.ts";

export interface GateCourseOwner {
  /** Every gate let it pass; `nowMs` may be as old as the course, if none took time. */
  onGatesPassed(nowMs: number): void;
  /** It ends here. */
  onGateClosed(verdict: Extract<GateVerdict, { kind: "refuse" | "respond" }>): void;
  /** The verdict takes time. */
  onGateWaiting(): void;
}

export class GateCourse {
  readonly #owner: GateCourseOwner;
  readonly #context: ProxyContext;
  readonly #gates: readonly Gate[];
  readonly #scope: RequestScope;
  #passed = 0;
  #delay: Deadline | null = null;
  #isStopped = false;

  constructor(owner: GateCourseOwner, context: ProxyContext, gates: readonly Gate[], scope: RequestScope) {
    this.#owner = owner;
    this.#context = context;
    this.#gates = gates;
    this.#scope = scope;
  }

  /** Asks the gates that are left. The clock is read again only where time has passed: reading costs as much as a gate. */
  run(nowMs: number): void {
    const resume = (verdict: GateVerdict): void => {
      if (!this.#isStopped && this.#obey(verdict)) this.#runNow();
    };
    while (this.#passed < this.#gates.length) {
      const verdict = this.#gates[this.#passed++]?.check(this.#scope, nowMs, resume) ?? null;
      if (verdict === "pending") return this.#owner.onGateWaiting();
      if (!this.#obey(verdict)) return;
    }
    this.stop();
    this.#owner.onGatesPassed(nowMs);
  }

  #runNow(): void {
    this.run(this.#context.clock.nowMs());
  }

  stop(): void {
    this.#isStopped = true;
    this.#delay?.dispose();
  }

  /** Returns true when the next gate may be asked at once. */
  #obey(verdict: GateVerdict): boolean {
    if (verdict === null) return true;
    if (verdict.kind === "delay") {
      this.#owner.onGateWaiting();
      this.#delay ??= new Deadline(this.#context.deadlines, () => this.#runNow());
      this.#delay.set(verdict.delayMs);
    } else {
      this.stop();
      this.#owner.onGateClosed(verdict);
    }
    return false;
  }
}
