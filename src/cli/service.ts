/**
 * A balancer as a service: with its admin API, reloads on SIGHUP, on an operator's word or when its
 * file changes, logs opened again on SIGUSR1, and an orderly end.
 */
import type { AdminContext } from "../admin/operation.ts";
import { loadConfigText } from "../config/load-text.ts";
import { withOwnCommands } from "../config/own-commands.ts";
import type { Log } from "../core/log.ts";
import { systemClock } from "../platform/clock.ts";
import { fileSignature, watchFolders } from "../platform/file-watch.ts";
import { readTextFile, writeTextFile } from "../platform/files.ts";
import { systemRandom } from "../platform/random.ts";
import { tellPredecessorReady } from "../platform/successor.ts";
import { codeFiles } from "../runtime/code-files.ts";
import { FileWatch } from "../runtime/file-watch.ts";
import { startLoadBalancer } from "../runtime/load-balancer.ts";
import type { OperatedLoadBalancer } from "../runtime/load-balancer-interface.ts";
import { withEvents } from "../runtime/operating-events.ts";
import { persistDrift, PersistError } from "../runtime/persist.ts";
import { Reloader } from "../runtime/reloader.ts";
import type { ChangeOrigin } from "../runtime/revisions.ts";
import { AdminHost } from "./admin-host.ts";
import { packageVersion } from "./package-version.ts";
import { writePidFile } from "./pid-file.ts";
import type { Inheritance } from "./inheritance.ts";
import { explainListenError } from "./listen-failure.ts";
import type { ServeOptions } from "./serve-options.ts";
import { type ServiceManager, serviceManager } from "./systemd.ts";
import { Upgrade } from "./upgrade.ts";

export interface ServiceParts extends ServeOptions {
  readonly log: Log;
  readonly inherited: Inheritance;
  /** Ends the process: a successor serves, and everything here is finished. */
  exit(): void;
}

export class Service {
  readonly #parts: ServiceParts;
  readonly #balancer: OperatedLoadBalancer;
  readonly #reloader: Reloader | null;
  readonly #admin: AdminHost;
  readonly #watch: FileWatch;
  readonly #upgrade: Upgrade;
  readonly #manager: ServiceManager;
  #isHandedOver = false;
  #notReady: string | null = "it is starting";
  #removePidFile: () => void = () => {};

  constructor(parts: ServiceParts) {
    const { config, file, log, inherited } = parts;
    this.#parts = parts;
    this.#manager = serviceManager(log);
    this.#balancer = startLoadBalancer(config, {
      log,
      inherited: inherited.sockets,
      drift: inherited.drift,
      ticketKeys: inherited.ticketKeys,
    });
    const { changes, events } = this.#balancer;
    const reloads = { changes, clock: systemClock, log: withEvents(log, events) };
    this.#reloader = file === null ? null : new Reloader({ ...file, ...reloads });
    this.#admin = new AdminHost(this.#adminContext(), inherited.admin);
    this.#upgrade = new Upgrade({
      log,
      inheritance: () => ({
        sockets: this.#balancer.sockets,
        admin: this.#admin.inheritance,
        drift: this.#reloader?.drift().endpoints ?? [],
        ticketKeys: this.#balancer.ticketKeys,
      }),
      onReplaced: (pid) => this.#replacedBy(pid),
    });
    this.#watch = new FileWatch({
      clock: systemClock,
      watchFolders,
      fileSignature,
      onChanged: () => this.#reload({ way: "watch", by: null }),
    });
  }

  /** Rejects with a sentence for the user where there is one. */
  async start(): Promise<void> {
    const { config, file, remedy, pidFile } = this.#parts;
    try {
      await this.#balancer.listen();
      await this.#admin.apply(config.admin);
    } catch (error) {
      await this.#balancer.close({ graceMs: 0 });
      throw explainListenError(error, config, remedy, file?.loaded.origin);
    }
    this.#balancer.changes.onRevision = () => this.#adminMayHaveChanged();
    if (pidFile !== null) this.#removePidFile = writePidFile(pidFile);
    this.#startWatching();
    process.on("SIGHUP", () => this.#reload({ way: "signal", by: null }));
    process.on("SIGUSR1", () => this.#reopenLogs());
    process.on("SIGUSR2", () => this.#upgrade.start());
    this.#notReady = null;
    this.#manager.ready("serving");
    this.#manager.startWatchdog(() => true);
    tellPredecessorReady();
  }

  async stop(signal: string): Promise<void> {
    const { log } = this.#parts;
    const graceMs = this.#balancer.config.shutdown.grace;
    log.info("stopping", { signal, graceMs });
    this.#notReady = "it is stopping";
    this.#watch.close();
    if (!this.#isHandedOver) {
      this.#manager.stopping();
      // Not the clock's timer, which would let the process end before its time.
      await new Promise((resolve) => setTimeout(resolve, this.#balancer.config.shutdown.delay));
    }
    await this.#balancer.close({ graceMs });
    await this.#admin.close(this.#isHandedOver);
    this.#removePidFile();
    log.info("stopped");
  }

  /** Everything that listens goes on in the successor. */
  #replacedBy(pid: number): void {
    const { log, exit } = this.#parts;
    log.info("upgrade: the successor serves, finishing what is under way", { pid });
    this.#isHandedOver = true;
    this.#balancer.handOver();
    void this.#admin.close(true);
    this.stop("SIGUSR2").then(exit, (error: unknown) => {
      log.error("the end was not orderly", { reason: String(error) });
      exit();
    });
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

  #startWatching(): void {
    const reloader = this.#reloader;
    if (!this.#parts.isWatched || reloader === null) return;
    this.#watchFiles(reloader);
    reloader.onRead = () => this.#watch.onRead();
    reloader.onReload = () => this.#watchFiles(reloader);
  }

  #watchFiles(reloader: Reloader): void {
    this.#watch.watch([...reloader.files, ...codeFiles(this.#balancer.config)]);
  }

  #adminMayHaveChanged(): void {
    const { admin } = this.#balancer.config;
    this.#admin.apply(admin).catch((error: unknown) => {
      this.#parts.log.error("admin API stays where it was", { reason: String(error) });
    });
  }

  #adminContext(): AdminContext {
    const { config, log, isWatched } = this.#parts;
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
      writtenConfig: () => reloader?.loaded.config ?? config,
      notReadyReason: () => this.#notReady,
      loadText: async (text) =>
        withOwnCommands(await loadConfigText(text, process.env), this.#balancer.config),
      persist: () =>
        reloader === null
          ? Promise.reject(new PersistError("there is no file"))
          : persistDrift({ reloader, readTextFile, writeTextFile }),
    };
  }
}
