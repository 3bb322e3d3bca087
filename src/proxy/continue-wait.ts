/** `Expect: 100-continue` (RFC 9110 §10.1.1): an endpoint that leaves it unanswered is spoken for after a while. */
import { Deadline, type Deadlines } from "../core/deadlines.ts";
import type { Downstream } from "./downstream.ts";

/** How long an endpoint may leave it unanswered before Headgate says 100 itself. */
const continueTimeoutMs = 1000;

export class ContinueWait {
  /** Headgate has said 100: the endpoint's own comes too late. */
  hasSpoken = false;
  readonly #deadline: Deadline;

  constructor(deadlines: Deadlines, downstream: Downstream) {
    this.#deadline = new Deadline(deadlines, () => {
      this.hasSpoken = true;
      downstream.sendInformational(100, "Continue", "");
    });
    this.#deadline.set(continueTimeoutMs);
  }

  /** The client has begun its body, or has an answer. */
  clear(): void {
    this.#deadline.clear();
  }

  dispose(): void {
    this.#deadline.dispose();
  }
}
