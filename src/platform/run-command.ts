/** Runs a program of the user's once: no shell, input on its standard input, a bound on its time. */
import { spawn } from "node:child_process";

/** Resolves with the exit code, 128 and up for a signal; rejects when it cannot start or takes too long. */
export function runCommand(
  command: readonly string[],
  input: string,
  environment: Readonly<Record<string, string>>,
  timeoutMs: number,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const [program = "", ...args] = command;
    const child = spawn(program, args, {
      stdio: ["pipe", "ignore", "ignore"],
      env: { ...process.env, ...environment },
      timeout: timeoutMs,
      killSignal: "SIGKILL",
    });
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      if (signal === "SIGKILL") reject(new Error("the command took too long"));
      else resolve(code ?? 128);
    });
    // One that does not want to read its input is no fault.
    child.stdin.on("error", () => {});
    child.stdin.end(input);
  });
}
