/**
 * A balancer as a service: with its admin API, reloads on SIGHUP, on an operator's word or when its
 * file changes, logs opened again on SIGUSR1, and an orderly end.
 */
import type { AdminContext } from "../admin/operation.ts";
import { loadConfigText } from "../config/load-text.ts";
import type { Log } from "../core/log.ts";
import { systemClock } from "../platform/clock.ts";
import { fileSignature, watchFolders } from "../platform/file-watch.ts";
import { readTextFile, writeTextFile } from "../platform/files.ts";
import { systemRandom } from "../platform/random.ts";
import { FileWatch } from "../runtime/file-watch.ts";
import { type OperatedLoadBalancer, startLoadBalancer } from "../runtime/load-balancer.ts";
import { withEvents } from "../runtime/operating-events.ts";
import { persistDrift, PersistError } from "../runtime/persist.ts";
import { Reloader } from "../runtime/reloader.ts";
import type { ChangeOrigin } from "../runtime/revisions.ts";
import { AdminHost } from "./admin-host.ts";
import { packageVersion } from "./package-version.ts";
import { writePidFile } from "./pid-file.ts";
import { explainListenError, type ServeOptions } from "./serve.ts";

export interface ServiceParts extends ServeOptions {
  readonly log: Log;
}

export class Service {
  readonly #parts: ServiceParts;
  readonly #balancer: OperatedLoadBalancer;
  readonly #reloader: Reloader | null;
  readonly #admin: AdminHost;
  readonly #watch: FileWatch;
  #notReady: string | null = "it is starting";
  #removePidFile: () => void = () => {};

  constructor(parts: ServiceParts) {
    const { config, file, log } = parts;
    this.#parts = parts;
    this.#balancer = startLoadBalancer(config, { log });
    const { changes, events } = this.#balancer;
    const reloads = { changes, clock: systemClock, log: withEvents(log, events) };
    this.#reloader = file === null ? null : new Reloader({ ...file, ...reloads });
    this.#admin = new AdminHost(this.#adminContext());
    this.#watch = new FileWatch({
      clock: systemClock,
      watchFolders,
      fileSignature,
      onChanged: () => this.#reload({ way: "watch", by: null }),
    });
  }

  /** Rejects with a sentence for the user where there is one. */
  async start(): Promise<void> {
    const { config, remedy, pidFile, isWatched } = this.#parts;
    try {
      await this.#balancer.listen();
      await this.#admin.apply(config.admin);
    } catch (error) {
      await this.#balancer.close({ graceMs: 0 });
      throw explainListenError(error, config, remedy);
    }
    this.#balancer.changes.onRevision = () => this.#adminMayHaveChanged();
    if (pidFile !== null) this.#removePidFile = writePidFile(pidFile);
    if (isWatched && this.#reloader !== null) this.#watchFiles(this.#reloader);
    process.on("SIGHUP", () => this.#reload({ way: "signal", by: null }));
    process.on("SIGUSR1", () => this.#reopenLogs());
    this.#notReady = null;
  }

  async stop(signal: string): Promise<void> {
    const { log } = this.#parts;
    const graceMs = this.#balancer.config.shutdown.grace;
    log.info("stopping", { signal, graceMs });
    this.#notReady = "it is stopping";
    this.#watch.close();
    await this.#balancer.close({ graceMs });
    await this.#admin.close();
    this.#removePidFile();
    log.info("stopped");
  }

  #reload(origin: ChangeOrigin): void {
    const { log } = this.#parts;
    if (this.#reloader === null) {
      log.warn("nothing to reload: the configuration came from flags");
      return;
    }
    this.#reloader
      .reload({ origin })
      .catch((error: unknown) => log.error("reload failed", { reason: String(error) }));
  }

  #reopenLogs(): void {
    this.#balancer.reopenLogs();
    this.#parts.log.info("logs opened again");
  }

  #watchFiles(reloader: Reloader): void {
    this.#watch.watch(reloader.files);
    reloader.onFiles = (files) => this.#watch.watch(files);
  }

  #adminMayHaveChanged(): void {
    const { admin } = this.#balancer.config;
    this.#admin.apply(admin).catch((error: unknown) => {
      this.#parts.log.error("admin API stays where it was", { reason: String(error) });
    });
  }

  #adminContext(): AdminContext {
    const { log, isWatched } = this.#parts;
    const reloader = this.#reloader;
    return {
      balancer: this.#balancer,
      reloader,
      clock: systemClock,
      random: systemRandom,
      log,
      version: packageVersion(),
      pid: process.pid,
      startedWallMs: systemClock.wallMs(),
      isWatched,
      notReadyReason: () => this.#notReady,
      loadText: (text) => loadConfigText(text, process.env),
      persist: () =>
        reloader === null
          ? Promise.reject(new PersistError("there is no file"))
          : persistDrift({ reloader, readTextFile, writeTextFile }),
    };
  }
}
