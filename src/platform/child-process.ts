/**
 * Child processes of this program: the demo's backends. A child and its parent share a channel; the child
 * learns through it that its parent is gone, however that ended, and the parent that the child is ready.
 */
import { fork } from "node:child_process";

export interface ChildHandler {
  /** The child called `tellParentReady`. */
  onReady(): void;
  /** Bytes the child wrote to its standard output or standard error. */
  onOutput(text: string): void;
  /** Ended, by itself or by a signal. `code` is null then. */
  onExited(code: number | null): void;
}

export interface Child {
  /** 0 when it could not be started. */
  readonly pid: number;
  /** Closes the channel, which a child of this program takes for its end. */
  letGo(): void;
  kill(): void;
}

const readyMessage = "ready";

/** Runs a module of this program with arguments of its own. */
export function startChild(modulePath: string, args: readonly string[], handler: ChildHandler): Child {
  const child = fork(modulePath, [...args], { stdio: ["ignore", "pipe", "pipe", "ipc"] });
  child.on("message", (message) => {
    if (message === readyMessage) handler.onReady();
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => handler.onOutput(text));
  }
  let isOver = false;
  const ended = (code: number | null): void => {
    if (isOver) return;
    isOver = true;
    handler.onExited(code);
  };
  child.on("error", () => ended(null));
  child.on("exit", ended);
  return {
    pid: child.pid ?? 0,
    letGo: () => (child.connected ? child.disconnect() : undefined),
    kill: () => void child.kill("SIGKILL"),
  };
}

/** In a child: whether a parent of this program holds the other end. */
export function hasParentChannel(): boolean {
  return process.channel !== undefined;
}

export function tellParentReady(): void {
  process.send?.(readyMessage);
}

/** In a child: calls back when the parent is gone or let go. */
export function onParentGone(callback: () => void): void {
  process.on("disconnect", callback);
}
