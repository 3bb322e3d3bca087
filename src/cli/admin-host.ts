/** Keeps the admin API as the configuration in force says: started, moved, its tokens changed, stopped. */
import { unlinkSync, chmodSync } from "node:fs";
import { createConnection } from "node:net";
import type { AdminContext } from "../admin/operation.ts";
import type { AdminServer } from "../admin/server.ts";
import type { Config } from "../config/schema.ts";
import type { Log } from "../core/log.ts";

/** Owner and group: the group is how others are let in. */
const socketMode = 0o660;

export class AdminHost {
  readonly #context: AdminContext;
  readonly #log: Log;
  #server: AdminServer | null = null;
  #settingsText = "null";
  #last: Promise<void> = Promise.resolve();

  constructor(context: AdminContext) {
    this.#context = context;
    this.#log = context.log;
  }

  get address(): string | null {
    return this.#server?.address ?? null;
  }

  /** Rejects when the API cannot listen; one that runs already goes on then. */
  apply(config: Config["admin"]): Promise<void> {
    const run = this.#last.then(() => this.#apply(config));
    this.#last = run.catch(() => {});
    return run;
  }

  async close(): Promise<void> {
    await this.#last;
    await this.#server?.close();
    this.#server = null;
  }

  async #apply(config: Config["admin"]): Promise<void> {
    const settingsText = JSON.stringify(config);
    if (settingsText === this.#settingsText) return;
    const before = this.#server;
    const isSamePlace = before !== null && config !== null && before.configured === config.address;
    if (isSamePlace) before.setTokens(config.tokens);
    else {
      this.#server = config === null ? null : await this.#start(config);
      // Not awaited: the request that brought this about may be on the old one.
      void before?.close();
    }
    this.#settingsText = settingsText;
  }

  async #start(config: NonNullable<Config["admin"]>): Promise<AdminServer> {
    // Loaded only here: without an admin API, none of it is needed.
    const { startAdminServer } = await import("../admin/server.ts");
    const server = await startAdminServer({ context: this.#context, config, prepareSocket, protectSocket });
    const { tokens } = config;
    this.#log.info("admin API listening", { address: server.address, tokens: tokens.length });
    return server;
  }
}

/** Removes a socket that a dead process left behind; one that answers is left to it, and binding fails. */
async function prepareSocket(path: string): Promise<void> {
  const isAnswering = await new Promise<boolean>((resolve) => {
    const socket = createConnection({ path });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
  if (isAnswering) return;
  try {
    unlinkSync(path);
  } catch {
    // There was none.
  }
}

function protectSocket(path: string): void {
  chmodSync(path, socketMode);
}
