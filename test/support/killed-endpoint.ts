/** Clients that send without pause while one of the endpoints is killed: what each of their requests came to. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { ExchangeRecord } from "../../src/proxy/exchange-record.ts";
import { Agent, request } from "node:http";
import { startProxy } from "./start-proxy.ts";

const program = fileURLToPath(new URL("counting-origin.ts", import.meta.url));

export interface KillOptions {
  readonly method: "GET" | "POST";
  readonly connections: number;
  /** Requests before the kill, and after it. */
  readonly before: number;
  readonly after: number;
}

export interface KillOutcome {
  readonly answered: number;
  /** Of answers that were not 200: the status and the cause. */
  readonly failed: readonly string[];
  /** How every exchange was recorded. */
  readonly records: readonly ExchangeRecord[];
}

interface Child {
  readonly process: ChildProcess;
  readonly port: number;
}

/** Three endpoints; the first is killed with SIGKILL. */
export async function killUnderLoad({
  method,
  connections,
  before,
  after,
}: KillOptions): Promise<KillOutcome> {
  const children = await Promise.all([0, 1, 2].map(startChild));
  const proxy = await startProxy({
    origins: children.map(({ port }) => port),
    pool: { policy: "round-robin" },
  });
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const failed: string[] = [];
  let sent = 0;
  let answered = 0;
  const client = async (): Promise<void> => {
    while (sent < before + after) {
      if (++sent === before) children[0]?.process.kill("SIGKILL");
      const outcome = await ask(proxy.port, method, agent);
      if (outcome === "200") answered++;
      else failed.push(outcome);
    }
  };
  await Promise.all(Array.from({ length: connections }, client));
  agent.destroy();
  await proxy.close();
  for (const child of children) child.process.kill("SIGKILL");
  return { answered, failed, records: proxy.records };
}

async function startChild(): Promise<Child> {
  const child = spawn(process.execPath, [program, "2"], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  return { process: child, port: Number(line.toString()) };
}

async function ask(port: number, method: string, agent: Agent): Promise<string> {
  return new Promise((resolve) => {
    const asked = request({ port, method, agent, path: "/" }, (response) => {
      const cause = response.headers["headgate-cause"];
      const text = `${response.statusCode}${cause === undefined ? "" : ` ${String(cause)}`}`;
      response.resume().on("close", () => resolve(text));
    });
    asked.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    asked.end(method === "POST" ? "order" : undefined);
  });
}
