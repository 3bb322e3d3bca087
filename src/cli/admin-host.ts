/** Keeps the admin API as the configuration in force says: started, moved, its tokens changed, stopped. */
import { chmodSync, renameSync, rmSync } from "node:fs";
import { createConnection } from "node:net";
import { dirname, join } from "node:path";
import type { AdminContext } from "../admin/operation.ts";
import type { AdminServer, SocketPaths } from "../admin/server.ts";
import type { Config } from "../config/schema.ts";
import type { Log } from "../core/log.ts";
import { readDashboardFiles } from "./dashboard-files.ts";
import type { Inheritance } from "./inheritance.ts";

/** Owner and group: the group is how others are let in. */
const socketMode = 0o660;

export class AdminHost {
  readonly #context: AdminContext;
  readonly #log: Log;
  #inherited: Inheritance["admin"];
  #server: AdminServer | null = null;
  #settingsText = "null";
  #last: Promise<void> = Promise.resolve();

  constructor(context: AdminContext, inherited: Inheritance["admin"] = null) {
    this.#context = context;
    this.#inherited = inherited;
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

  /** For a successor; null when the API is off. */
  get inheritance(): Inheritance["admin"] {
    const server = this.#server;
    if (server === null || server.descriptor === null) return null;
    return { address: server.configured, descriptor: server.descriptor };
  }

  async close(isHandedOver = false): Promise<void> {
    await this.#last;
    await this.#server?.close(isHandedOver);
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
    const inherited = this.#inherited?.address === config.address ? this.#inherited.descriptor : null;
    this.#inherited = null;
    const server = await startAdminServer({
      context: this.#context,
      config,
      inherited,
      paths,
      dashboardFiles: readDashboardFiles,
    });
    const { tokens } = config;
    this.#log.info("admin API listening", { address: server.address, tokens: tokens.length });
    return server;
  }
}

let draftCount = 0;

const paths: SocketPaths = {
  async draft(path) {
    if (await answers(path)) throw Object.assign(new Error("the path is in use"), { code: "EADDRINUSE" });
    return join(dirname(path), `.hga${process.pid}-${draftCount++}`);
  },
  place(draft, path) {
    chmodSync(draft, socketMode);
    renameSync(draft, path);
  },
  remove: (path) => rmSync(path, { force: true }),
};

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ path });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
