/** Worker threads: starting one, and talking through its port from either end. */
import { availableParallelism } from "node:os";
import { parentPort, Worker, workerData } from "node:worker_threads";
import { assert } from "../core/assert.ts";

export interface WorkerHandlers {
  onMessage(message: unknown): void;
  /** `error` is what it died of, null when it ended by itself or was terminated. */
  onExit(error: Error | null): void;
}

export interface WorkerThread {
  post(message: unknown): void;
  terminate(): Promise<void>;
}

export function startWorker(entry: URL, data: unknown, handlers: WorkerHandlers): WorkerThread {
  const worker = new Worker(entry, { workerData: data, name: "headgate-worker" });
  let error: Error | null = null;
  worker.on("message", (message: unknown) => handlers.onMessage(message));
  worker.on("error", (reason: unknown) => {
    error = reason instanceof Error ? reason : new Error(String(reason));
  });
  worker.on("exit", () => handlers.onExit(error));
  return {
    post: (message) => worker.postMessage(message),
    async terminate() {
      await worker.terminate();
    },
  };
}

/** The worker's own end. `close` lets the thread end once nothing else keeps it. */
export function ownWorkerPort(onMessage: (message: unknown) => void): {
  readonly data: unknown;
  post(message: unknown): void;
  close(): void;
} {
  const port = parentPort;
  assert(port !== null, "this module runs in a worker thread");
  port.on("message", onMessage);
  return { data: workerData, post: (message) => port.postMessage(message), close: () => port.close() };
}

/** Cores this process may use. */
export function coreCount(): number {
  return availableParallelism();
}

/** Can several threads listen on one port (SO_REUSEPORT with balancing)? */
export function canSharePorts(): boolean {
  return process.platform === "linux" || process.platform === "freebsd";
}
