/**
 * What requests said about one endpoint: sums since it was made, and rows of failures that a success ends.
 * `TrafficReadings` is what outlier detection reads; shared memory may satisfy it as well as this record.
 */

/**
 * How one attempt ended, as far as the endpoint is to blame:
 * - `success`: an answer below 500.
 * - `failure`: an answer of 500 or above that is none of the next.
 * - `gateway`: an answer of 502, 503 or 504.
 * - `local`: no answer: the connect failed, the connection broke, or the time was over.
 */
export type Outcome = "success" | "failure" | "gateway" | "local";

export interface TrafficReadings {
  /** Failures of any kind since the last success. */
  readonly failuresInRow: number;
  /** Gateway failures since the last other answer. */
  readonly gatewayFailuresInRow: number;
  /** Attempts without an answer since the last answer, whatever that was. */
  readonly localFailuresInRow: number;
  readonly successes: number;
  readonly failures: number;
  /** Over successes only: a fast failure is no merit. */
  readonly successLatencyMsSum: number;
}

export class TrafficRecord implements TrafficReadings {
  failuresInRow = 0;
  gatewayFailuresInRow = 0;
  localFailuresInRow = 0;
  successes = 0;
  failures = 0;
  successLatencyMsSum = 0;

  observe(outcome: Outcome, latencyMs: number): void {
    if (outcome === "success") {
      this.successes++;
      this.successLatencyMsSum += latencyMs;
      this.forgetRows();
      return;
    }
    this.failures++;
    this.failuresInRow++;
    if (outcome === "local") {
      this.localFailuresInRow++;
      return;
    }
    this.localFailuresInRow = 0;
    this.gatewayFailuresInRow = outcome === "gateway" ? this.gatewayFailuresInRow + 1 : 0;
  }

  forgetRows(): void {
    this.failuresInRow = 0;
    this.gatewayFailuresInRow = 0;
    this.localFailuresInRow = 0;
  }
}
