/**
 * Clients that aim at the moment in which an origin closes its idle connections: each sends a request,
 * waits for about as long as the origin does, and sends the next. Counts what reaches the clients.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { Agent, get, request } from "node:http";
import { fileURLToPath } from "node:url";
import type { Random } from "../../src/core/random.ts";

const originProgram = fileURLToPath(new URL("short-lived-origin.ts", import.meta.url));

export interface RunningOrigin {
  readonly port: number;
  /** How many requests it answered. */
  answered(): Promise<number>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** An origin that closes connections after `keepAliveMs` of idleness. */
export async function startShortLivedOrigin(keepAliveMs: number): Promise<RunningOrigin> {
  const child = spawn(process.execPath, [originProgram, String(keepAliveMs)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const port = Number(line.toString());
  return {
    port,
    answered: async () =>
      new Promise((resolve, reject) => {
        get({ port, path: "/count" }, (response) => {
          response.on("data", (text: Buffer) => resolve(Number(text.toString())));
        }).on("error", reject);
      }),
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await once(child, "close");
    },
  };
}

export interface RaceOptions {
  readonly port: number;
  readonly method: "GET" | "POST";
  readonly requests: number;
  readonly clients: number;
  /** The pause between a client's requests is drawn from this range. */
  readonly pauseMs: readonly [least: number, most: number];
  readonly random: Random;
  /** Ends early when it has seen enough. */
  isEnough?(tally: RaceTally): boolean;
}

export interface RaceTally {
  sent: number;
  ok: number;
  /** Answers other than 200, and broken ones, by status or error code. */
  readonly failures: Map<string, number>;
}

export async function race(options: RaceOptions): Promise<RaceTally> {
  const tally: RaceTally = { sent: 0, ok: 0, failures: new Map() };
  const agent = new Agent({ keepAlive: true, maxSockets: options.clients });
  const client = async (): Promise<void> => {
    while (tally.sent < options.requests && options.isEnough?.(tally) !== true) {
      tally.sent++;
      const outcome = await send(options, agent);
      if (outcome === "200") tally.ok++;
      else tally.failures.set(outcome, (tally.failures.get(outcome) ?? 0) + 1);
      const [least, most] = options.pauseMs;
      await new Promise(
        (resolve) => void setTimeout(resolve, least + options.random.next() * (most - least)),
      );
    }
  };
  await Promise.all(Array.from({ length: options.clients }, client));
  agent.destroy();
  return tally;
}

async function send({ port, method }: RaceOptions, agent: Agent): Promise<string> {
  return new Promise((resolve) => {
    const sent = request({ port, method, agent, path: "/" }, (response) => {
      const cause = response.headers["headgate-cause"];
      response
        .resume()
        .on("close", () =>
          resolve(`${response.statusCode}${cause === undefined ? "" : ` ${String(cause)}`}`),
        );
    });
    sent.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    sent.end(method === "POST" ? "body" : undefined);
  });
}
