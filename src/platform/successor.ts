/**
 * Starts this program anew beside itself, with listening sockets to inherit, and learns when the new one
 * is ready. Which program that is, its command line says: the files may have been replaced since.
 */
import { spawn } from "node:child_process";

export interface SuccessorHandler {
  /** It serves. */
  onReady(pid: number): void;
  /** It could not be started, or ended before it was ready. */
  onFailed(reason: string): void;
}

/** Standard streams, then the channel; what is inherited comes after these. */
const firstDescriptor = 4;
/** They are sent at once; without them all goes on, but for sessions. */
const secretsTimeoutMs = 5000;
const readyMessage = "headgate-ready";

/**
 * `inheritance` is told the descriptors under which the new process will find the sockets, in their
 * order, and says what to put in the environment, which other programs of this user can see; `secrets`
 * they cannot. Returns a function that ends a successor that is not
 * ready yet.
 */
export function startSuccessor(
  descriptors: readonly number[],
  inheritance: (childDescriptors: readonly number[]) => Readonly<Record<string, string>>,
  secrets: string | null,
  handler: SuccessorHandler,
): () => void {
  const environment = inheritance(descriptors.map((_, index) => firstDescriptor + index));
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    stdio: ["inherit", "inherit", "inherit", "ipc", ...descriptors],
    env: { ...process.env, ...environment },
  });
  // One that has ended already says so itself.
  if (secrets !== null) child.send(secrets, () => {});
  let isOver = false;
  const end = (tell: () => void): void => {
    if (isOver) return;
    isOver = true;
    tell();
  };
  child.on("message", (message) => {
    if (message !== readyMessage) return;
    end(() => handler.onReady(child.pid ?? 0));
    // It has a life of its own from here on.
    child.disconnect();
    child.unref();
  });
  child.on("error", (error) => end(() => handler.onFailed(error.message)));
  child.on("exit", (code, signal) => end(() => handler.onFailed(`ended with ${signal ?? `status ${code}`}`)));
  return () => end(() => void child.kill("SIGKILL"));
}

/** In a successor: the secrets; null when they do not come. */
export function hearPredecessor(): Promise<string | null> {
  return new Promise((resolve) => {
    const over = (message: unknown): void => {
      clearTimeout(timer);
      process.off("message", over);
      resolve(typeof message === "string" ? message : null);
    };
    const timer = setTimeout(over, secretsTimeoutMs, null);
    process.on("message", over);
  });
}

/** In a successor: the predecessor may go. Does nothing in a process that nobody waits for. */
export function tellPredecessorReady(): void {
  if (process.send === undefined) return;
  process.send(readyMessage);
}
