/**
 * The certificates of pools: whom their endpoints are trusted by, and what is shown to endpoints that ask.
 * All of them are judged before a worker depends on one, read again when a file changes, and warned of
 * before they expire. Files that cannot be used leave what was read before in place.
 */
import type { Config } from "../config/schema.ts";
import type { UpstreamTlsConfig } from "../config/schema-tls.ts";
import type { Clock, Timer } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import { CertificateReading, type PoolPems, withPlaces } from "./certificate-reading.ts";
import { lookAtExpiryEveryMs, warnOfExpiry } from "./certificate-warnings.ts";
import { FileWatch } from "./file-watch.ts";
import type { CertificateFacts } from "./tls-certificates.ts";

/** By pool. */
export type PoolsPems = ReadonlyMap<string, PoolPems>;

export interface PoolCertificatesParts {
  readonly clock: Clock;
  readonly log: Log;
  readTextFile(path: string): string;
  watchFolders(folders: readonly string[], onChange: () => void): () => void;
  fileSignature(path: string): string;
  /** Throws what OpenSSL says when they cannot be used. */
  tryOutPool(pems: PoolPems): void;
  /** A file has changed: all are to be read anew. */
  onChanged(): void;
}

interface ReadPools {
  readonly pems: PoolsPems;
  readonly shown: readonly ShownCertificate[];
}

interface ShownCertificate {
  readonly pool: string;
  readonly file: string;
  readonly facts: CertificateFacts;
}

const nothing: ReadPools = { pems: new Map(), shown: [] };

export class PoolCertificates {
  readonly #parts: PoolCertificatesParts;
  readonly #watch: FileWatch;
  #current: ReadPools = nothing;
  #timer: Timer | null = null;

  constructor(parts: PoolCertificatesParts) {
    this.#parts = parts;
    this.#watch = new FileWatch(parts);
  }

  /** What was read last and is in force, in the form of `read`. */
  get inForce(): { readonly pems: PoolsPems; commit(): void } {
    return { pems: this.#current.pems, commit() {} };
  }

  /** Throws a ConfigError with everything that is wrong, and changes nothing then. */
  read(config: Config): { readonly pems: PoolsPems; commit(): void } {
    const read = readPools(config, this.#parts);
    return { pems: read.pems, commit: () => this.#adopt(config, read) };
  }

  /** Whether reading them anew would change anything. Throws an Error that names the files which cannot be used. */
  isStale(config: Config): boolean {
    try {
      const { pems } = readPools(config, this.#parts);
      return JSON.stringify([...pems]) !== JSON.stringify([...this.#current.pems]);
    } catch (error) {
      throw withPlaces(error);
    }
  }

  close(): void {
    this.#watch.close();
    this.#timer?.cancel();
  }

  #adopt(config: Config, read: ReadPools): void {
    this.#current = read;
    this.#watch.watch(Object.values(config.pools).flatMap(({ tls }) => filesOf(tls)));
    this.#warn();
  }

  /** Now and twice a day. */
  #warn(): void {
    const { clock, log } = this.#parts;
    this.#timer?.cancel();
    const { shown } = this.#current;
    if (shown.length === 0) return;
    this.#timer = clock.setTimer(lookAtExpiryEveryMs, () => this.#warn());
    for (const { pool, file, facts } of shown)
      warnOfExpiry(log, clock.wallMs(), facts, { pool, certificate: file, names: facts.names });
  }
}

function readPools(
  config: Config,
  { readTextFile, tryOutPool }: Pick<PoolCertificatesParts, "readTextFile" | "tryOutPool">,
): ReadPools {
  const reading = new CertificateReading(readTextFile);
  const pems = new Map<string, PoolPems>();
  const shown: ShownCertificate[] = [];
  for (const [pool, { tls }] of Object.entries(config.pools)) {
    if (filesOf(tls).length === 0) continue;
    const read = reading.pool(pool, tls);
    if (read === null) continue;
    try {
      tryOutPool(read.pems);
      pems.set(pool, read.pems);
    } catch (error) {
      const field = tls.certificate === null ? "ca" : "certificate";
      const reason = error instanceof Error ? error.message : String(error);
      reading.fault(["pools", pool, "tls", field], `OpenSSL refuses it (${reason})`);
    }
    if (read.facts !== null && tls.certificate !== null)
      shown.push({ pool, file: tls.certificate, facts: read.facts });
  }
  reading.throwFaults();
  return { pems, shown };
}

function filesOf({ ca, certificate, key }: UpstreamTlsConfig): readonly string[] {
  return [ca, certificate, key].filter((file) => file !== null);
}
