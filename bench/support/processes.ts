/**
 * Starts programs pinned to a core, waits until they answer, and ends every one of them, whatever
 * happens. It ends only what it started.
 */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { get } from "node:http";
import { connect } from "node:http2";
import { get as getSecurely } from "node:https";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { descendantsOf } from "./machine.ts";

const startupMs = 15_000;
const stopMs = 5_000;

const running = new Set<RunningProcess>();

export class RunningProcess {
  readonly name: string;
  readonly pid: number;
  readonly #child: ChildProcess;
  #output = "";

  constructor(name: string, child: ChildProcess) {
    this.name = name;
    this.#child = child;
    this.pid = child.pid ?? -1;
    const keep = (chunk: Buffer): void => {
      this.#output = (this.#output + chunk.toString()).slice(-4000);
    };
    child.stdout?.on("data", keep);
    child.stderr?.on("data", keep);
    running.add(this);
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** The last of what it printed. */
  get output(): string {
    return this.#output;
  }

  /** Asks first, then insists; descendants that outlive their parent are ended too. */
  async stop(): Promise<void> {
    const family = descendantsOf(this.pid);
    if (!this.hasEnded) {
      const ended = once(this.#child, "exit");
      this.#child.kill("SIGTERM");
      await Promise.race([ended, wait(stopMs, undefined, { ref: false })]);
      if (!this.hasEnded) {
        this.#child.kill("SIGKILL");
        await ended;
      }
    }
    killAll(family);
    running.delete(this);
  }

  killNow(): void {
    killAll([...descendantsOf(this.pid), this.pid]);
  }
}

function killAll(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended already.
    }
  }
}

/** Runs `command` on one core. */
export function startPinned(name: string, core: number, command: readonly string[]): RunningProcess {
  const child = spawn("taskset", ["-c", String(core), ...command], { stdio: ["ignore", "pipe", "pipe"] });
  if (child.pid === undefined) throw new Error("taskset is missing (Debian package util-linux)");
  return new RunningProcess(name, child);
}

/** How a program is asked whether it answers. */
export type ReadyProtocol = "http" | "https" | "h2" | "h2c";

/** Resolves when the port answers a GET with 200, whoever vouches for it; rejects with what the process printed. */
export async function waitUntilReady(
  program: RunningProcess,
  port: number,
  protocol: ReadyProtocol = "http",
): Promise<void> {
  const deadline = Date.now() + startupMs;
  while (Date.now() < deadline) {
    if (program.hasEnded) throw new Error(`${program.name} ended at once:\n${program.output}`);
    if ((await statusOf(port, protocol)) === 200) return;
    await wait(50);
  }
  throw new Error(`${program.name} did not answer on port ${port}:\n${program.output}`);
}

function statusOf(port: number, protocol: ReadyProtocol): Promise<number | null> {
  if (protocol === "h2" || protocol === "h2c") return http2StatusOf(port, protocol);
  return new Promise((resolve) => {
    const target = { host: "127.0.0.1", port, path: "/", agent: false, timeout: 2000 } as const;
    const ask = protocol === "https" ? getSecurely : get;
    const request = ask({ ...target, rejectUnauthorized: false }, (response) => {
      response.resume();
      response.on("close", () => resolve(response.statusCode ?? null));
    });
    request.on("timeout", () => request.destroy());
    request.on("error", () => resolve(null));
  });
}

function http2StatusOf(port: number, protocol: "h2" | "h2c"): Promise<number | null> {
  return new Promise((resolve) => {
    const scheme = protocol === "h2" ? "https" : "http";
    const session = connect(`${scheme}://127.0.0.1:${port}`, { rejectUnauthorized: false });
    const give = (status: number | null): void => {
      session.destroy();
      resolve(status);
    };
    session
      .on("error", () => give(null))
      .on("close", () => resolve(null))
      .setTimeout(2000, () => give(null));
    const request = session.request({ ":path": "/" });
    request.on("error", () => give(null)).on("response", (head) => give(head[":status"] ?? null));
  });
}

/** A port nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** Runs `body` with a temporary folder, and afterwards ends everything that was started meanwhile. */
export async function withCleanUp<T>(body: (workFolder: string) => Promise<T>): Promise<T> {
  const workFolder = mkdtempSync(join(tmpdir(), "headgate-bench-"));
  const abandon = (): void => {
    for (const program of running) program.killNow();
    rmSync(workFolder, { recursive: true, force: true });
    process.exit(130);
  };
  process.once("SIGINT", abandon).once("SIGTERM", abandon);
  try {
    return await body(workFolder);
  } finally {
    await Promise.all([...running].map((program) => program.stop()));
    rmSync(workFolder, { recursive: true, force: true });
    process.removeListener("SIGINT", abandon).removeListener("SIGTERM", abandon);
  }
}

/** First line printed by `command`, or null when it cannot be run. */
export function firstLineOf(command: string, ...parameters: string[]): string | null {
  const result = spawnSync(command, parameters, { encoding: "utf8" });
  if (result.error !== undefined || result.status !== 0) return null;
  return (result.stdout + result.stderr).trim().split("\n")[0] ?? null;
}
