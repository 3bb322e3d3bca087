/** Takes a request through its route's gates in order: some refuse, some hold it back, some need time. */
import { Deadline } from "../core/deadlines.ts";
import type { ProxyContext } from "./proxy-context.ts";
import type { RequestScope } from "./request-scope.ts";
import type { Gate, GateVerdict, GateWaiter } from "./route-plan.ts";

/** Hands the verdicts that it waits for on to its course. */
export interface GateCourseOwner extends GateWaiter {
  /** Every gate that was left let it pass. */
  onGatesPassed(nowMs: number): void;
  /** It ends here. */
  onGateClosed(verdict: Extract<GateVerdict, { kind: "refuse" | "respond" }>): void;
  /** The verdict takes time. */
  onGateWaiting(): void;
}

/**
 * Asks the gates. Null when all of them let the request pass at once, as they mostly do: nothing was made
 * for it then, and the owner was not told. Otherwise the course, and the owner has been told how it stands.
 */
export function enterGates(
  gates: readonly Gate[],
  scope: RequestScope,
  nowMs: number,
  owner: GateCourseOwner,
  context: ProxyContext,
): GateCourse | null {
  for (let index = 0; index < gates.length; index++) {
    const verdict = gates[index]!.check(scope, nowMs, owner);
    if (verdict === null) continue;
    const course = new GateCourse(gates, index + 1, scope, owner, context);
    course.obey(verdict);
    return course;
  }
  return null;
}

export class GateCourse {
  readonly #owner: GateCourseOwner;
  readonly #context: ProxyContext;
  readonly #gates: readonly Gate[];
  readonly #scope: RequestScope;
  #passed: number;
  #delay: Deadline | null = null;
  #isStopped = false;

  /** `passed`: how many gates need not be asked any more. */
  constructor(
    gates: readonly Gate[],
    passed: number,
    scope: RequestScope,
    owner: GateCourseOwner,
    context: ProxyContext,
  ) {
    this.#gates = gates;
    this.#passed = passed;
    this.#scope = scope;
    this.#owner = owner;
    this.#context = context;
  }

  /** What the gate asked last says. */
  obey(verdict: Exclude<GateVerdict, null> | "pending"): void {
    if (verdict === "pending") {
      this.#owner.onGateWaiting();
    } else if (verdict.kind === "delay") {
      this.#owner.onGateWaiting();
      this.#delay ??= new Deadline(this.#context.deadlines, () => this.#goOn());
      this.#delay.set(verdict.delayMs);
    } else {
      this.stop();
      this.#owner.onGateClosed(verdict);
    }
  }

  /** What the gate that was `pending` says. */
  resume(verdict: GateVerdict): void {
    if (this.#isStopped) return;
    if (verdict === null) this.#goOn();
    else this.obey(verdict);
  }

  stop(): void {
    this.#isStopped = true;
    this.#delay?.dispose();
  }

  /** Asks the gates that are left. Time has passed, so the clock is read again. */
  #goOn(): void {
    const nowMs = this.#context.clock.nowMs();
    while (this.#passed < this.#gates.length) {
      const verdict = this.#gates[this.#passed++]!.check(this.#scope, nowMs, this.#owner);
      if (verdict !== null) return this.obey(verdict);
    }
    this.stop();
    this.#owner.onGatesPassed(nowMs);
  }
}
