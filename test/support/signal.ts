/**
 * Waiting for something to become true without sleeping: whoever changes the state notifies, whoever
 * waits looks again. A watchdog turns a wait in vain into an error that says what was waited for.
 */

const watchdogMs = 20_000;

export class Signal {
  readonly #waiters = new Set<() => void>();

  /** Something may have changed. */
  notify(): void {
    for (const look of [...this.#waiters]) look();
  }

  /** Resolves with the first value of `probe` that is neither null, undefined nor false. */
  until<T>(what: string, probe: () => T | null | undefined | false): Promise<T> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const value = probe();
        if (value === null || value === undefined || value === false) return;
        clearTimeout(watchdog);
        this.#waiters.delete(look);
        resolve(value);
      };
      const watchdog = setTimeout(() => {
        this.#waiters.delete(look);
        reject(new Error(`waited in vain for ${what}`));
      }, watchdogMs);
      this.#waiters.add(look);
      look();
    });
  }
}

/** Lets the event loop go round, so that what was written before has been read by the other side. */
export async function turns(count = 2): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => void setImmediate(resolve));
}
