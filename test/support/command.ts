/** Runs the `headgate` command as a child process, as a user would, and lets a test read along. */
import { spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";

const entry = fileURLToPath(new URL("../../bin/headgate.js", import.meta.url));

/** Longer than anything should take on a busy machine; a test that hits it has failed. */
const patienceMs = 60_000;

export class RunningCommand {
  readonly process: ChildProcess;
  /** Resolves with the exit status, or the signal's name. */
  readonly exited: Promise<number | string>;
  stdout = "";
  stderr = "";
  #onOutput: (() => void)[] = [];

  constructor(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    this.process = spawn(process.execPath, [entry, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...environment },
    });
    this.process.stdout
      ?.setEncoding("utf8")
      .on("data", (text: string) => this.#told({ stdout: text, stderr: "" }));
    this.process.stderr
      ?.setEncoding("utf8")
      .on("data", (text: string) => this.#told({ stdout: "", stderr: text }));
    this.exited = new Promise((resolve) => {
      // `close`, not `exit`: all output has arrived by then.
      this.process.on("close", (code, signal) => resolve(code ?? signal ?? "?"));
    });
  }

  /** Both streams. */
  get output(): string {
    return this.stdout + this.stderr;
  }

  /** Resolves with the match once the output has it; rejects when the command ends or takes too long. */
  async until(pattern: RegExp): Promise<RegExpExecArray> {
    const giveUp = AbortSignal.timeout(patienceMs);
    let isOver = false;
    void this.exited.then(() => {
      isOver = true;
      for (const wake of this.#onOutput.splice(0)) wake();
    });
    for (;;) {
      const match = pattern.exec(this.output);
      if (match !== null) return match;
      if (isOver || giveUp.aborted) throw new Error(`no ${String(pattern)} in:\n${this.output}`);
      await new Promise<void>((wake) => {
        this.#onOutput.push(wake);
        giveUp.addEventListener("abort", () => wake(), { once: true });
      });
    }
  }

  /** Stops it for good, however it feels; for the end of a test. */
  async dispose(): Promise<void> {
    this.process.kill("SIGKILL");
    await this.exited;
  }

  #told(part: { readonly stdout: string; readonly stderr: string }): void {
    this.stdout += part.stdout;
    this.stderr += part.stderr;
    for (const wake of this.#onOutput.splice(0)) wake();
  }
}

/** Runs to the end; one that does not come to an end is killed, and its status is then SIGKILL. */
export async function runCommand(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: number | string; readonly stdout: string; readonly stderr: string }> {
  const command = new RunningCommand(args, environment);
  const impatience = setTimeout(() => void command.process.kill("SIGKILL"), patienceMs);
  const status = await command.exited;
  clearTimeout(impatience);
  return { status, stdout: command.stdout, stderr: command.stderr };
}
