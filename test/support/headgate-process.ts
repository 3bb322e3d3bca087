/** A Headgate of its own process, from a configuration file in a folder of its own, with its admin API. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
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
  text: string,
  options: {
    readonly args?: readonly string[];
    readonly environment?: Readonly<Record<string, string>>;
  } = {},
): Promise<HeadgateProcess> {
  const folder = mkdtempSync(join(tmpdir(), "headgate-"));
  const file = join(folder, "headgate.yaml");
  writeFileSync(file, text);
  const command = new RunningCommand(["run", file, ...(options.args ?? [])], options.environment);
  t.after(async () => {
    await command.dispose();
    rmSync(folder, { recursive: true });
  });
  const [, port = ""] = await command.until(/"address":"[^"]*:(\d+)"[^\n]*"message":"listening"/);
  const [, admin = ""] = await command.until(/"address":"([^"]*)"[^\n]*"message":"admin API listening"/);
  return {
    command,
    file,
    folder,
    url: `http://127.0.0.1:${port}`,
    port: Number(port),
    adminUrl: `http://${admin}`,
    write: (next) => writeFileSync(file, next),
  };
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
