/** A Headgate of its own process, from a configuration file in a folder of its own, with its admin API. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { RunningCommand } from "./command.ts";

export interface HeadgateProcess {
  readonly command: RunningCommand;
  readonly file: string;
  readonly folder: string;
  /** Written only if asked for. */
  readonly pidFile: string;
  /** Of the first listener. */
  readonly url: string;
  readonly port: number;
  /** Of the admin API. */
  readonly adminUrl: string;
  write(text: string): void;
}

/** `text` must have one listener and an admin section on `127.0.0.1:0`. */
export async function startHeadgateProcess(
  t: TestContext,
  text: string | ((folder: string) => string),
  options: {
    readonly args?: readonly string[];
    readonly environment?: Readonly<Record<string, string>>;
    readonly pidFile?: boolean;
    /** `headgate.yaml` unless given. */
    readonly fileName?: string;
    /** Beside the configuration, by name. */
    readonly files?: Readonly<Record<string, string>>;
  } = {},
): Promise<HeadgateProcess> {
  const folder = mkdtempSync(join(tmpdir(), "headgate-"));
  const file = join(folder, options.fileName ?? "headgate.yaml");
  const pidFile = join(folder, "pid");
  writeFileSync(file, typeof text === "string" ? text : text(folder));
  for (const [name, content] of Object.entries(options.files ?? {}))
    writeFileSync(join(folder, name), content);
  const pidArgs = options.pidFile === true ? ["--pid-file", pidFile] : [];
  const command = new RunningCommand(["run", file, ...pidArgs, ...(options.args ?? [])], options.environment);
  t.after(async () => {
    // After an upgrade somebody else serves, and holds our ends of its output.
    if (existsSync(pidFile)) killQuietly(Number(readFileSync(pidFile, "utf8")));
    await command.dispose();
    rmSync(folder, { recursive: true });
  });
  const [, port = ""] = await command.until(/"address":"127[^"]*:(\d+)"[^\n]*"message":"listening"/);
  const [, admin = ""] = await command.until(/"address":"([^"]*)"[^\n]*"message":"admin API listening"/);
  return {
    command,
    file,
    folder,
    pidFile,
    url: `http://127.0.0.1:${port}`,
    port: Number(port),
    adminUrl: `http://${admin}`,
    write: (next) => writeFileSync(file, next),
  };
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

/** A backend on a free port of the loopback address, gone with the test. */
export async function startBackend(
  t: TestContext,
  listener: RequestListener,
): Promise<{ readonly server: Server; readonly url: string }> {
  const server = createServer({ keepAliveTimeout: 60_000 }, listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}
