/**
 * SIGTERM, SIGINT and SIGQUIT: the first stops gracefully and ends with 0, a second ends at once. `npm` passes on
 * a Ctrl-C that the terminal has already delivered, so an echo of the same signal is not a second one.
 */
const echoMs = 150;
const signalNumbers = { SIGINT: 2, SIGQUIT: 3, SIGTERM: 15 } as const;
export type StopSignal = keyof typeof signalNumbers;

/** `stop` is called once; the process ends when its promise settles. */
export function onStopSignals(
  stop: (signal: StopSignal) => Promise<void>,
  signals: readonly StopSignal[] = ["SIGINT", "SIGTERM", "SIGQUIT"],
): void {
  let first: { readonly signal: StopSignal; readonly atMs: number } | null = null;
  const received = (signal: StopSignal): void => {
    const nowMs = performance.now();
    if (first === null) {
      first = { signal, atMs: nowMs };
      stop(signal).then(
        () => process.exit(0),
        (error: unknown) => {
          console.error(error);
          process.exit(1);
        },
      );
    } else if (signal !== first.signal || nowMs - first.atMs > echoMs) {
      process.exit(128 + signalNumbers[signal]);
    }
  };
  for (const signal of signals) process.on(signal, received);
}
