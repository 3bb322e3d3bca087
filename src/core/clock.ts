/**
 * The Clock seam: everything that measures or waits takes one of these, so that tests and the
 * simulator can run the same code under virtual time. Node's own clock lives in `platform/`.
 */
export interface Clock {
  /** Monotonic milliseconds with a fraction. Only differences mean anything. */
  nowMs(): number;
  /** Milliseconds since the Unix epoch, for headers, logs and cookies. */
  wallMs(): number;
  /** Calls back once after `delayMs`. Never keeps the process alive by itself. */
  setTimer(delayMs: number, callback: () => void): Timer;
}

export interface Timer {
  cancel(): void;
}
