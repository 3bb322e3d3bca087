/**
 * Automatic certificates: which names want one, who has one, and one entry per name that gets and renews it.
 * It never takes a certificate away: while the authority fails, what there is goes on being shown.
 */
import type { AcmeConfig } from "../config/schema-acme.ts";
import type { Config } from "../config/schema.ts";
import type { ListenerConfig } from "../config/schema-listener.ts";
import type {
  AcmeAnswer,
  AcmeChallengeKind,
  AcmeIssuer,
  AcmeIssuerFactory,
  PrivateStore,
} from "../core/acme.ts";
import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import { NameIndex } from "../core/name-index.ts";
import type { Random } from "../core/random.ts";
import { AcmeEntry, type AcmeEntryStatus } from "./acme-entry.ts";
import { removeStored, readStored, type StoredCertificate, storedNames } from "./acme-store.ts";

export interface AcmeKeeperParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly createAcmeIssuer: AcmeIssuerFactory;
  /** `folder` null: this user's data folder. */
  openStore(folder: string | null, name: string): PrivateStore;
  readTextFile(path: string): string;
  /** Resolves when all listeners answer so. */
  publish(answers: readonly AcmeAnswer[]): Promise<void>;
  /** There are new certificates to be shown. */
  onIssued(): void;
}

/** Orders under way at once; one name has at most one. */
const ordersMax = 4;
const busyRetryMs = 1000;

/** One account at one authority, and where it keeps its things. */
interface Account {
  readonly key: string;
  readonly config: AcmeConfig;
  readonly store: PrivateStore;
  readonly issuer: AcmeIssuer;
}

export class AcmeKeeper {
  readonly #parts: AcmeKeeperParts;
  readonly #entries = new Map<string, AcmeEntry>();
  readonly #answers = new Set<AcmeAnswer>();
  #account: Account | null = null;
  #config: Config | null = null;
  #orders = 0;

  constructor(parts: AcmeKeeperParts) {
    this.#parts = parts;
  }

  /** What is in store for a listener: one for each name that has one. */
  storedFor(config: Config, listener: ListenerConfig): ReadonlyMap<string, StoredCertificate> {
    const { acme } = config;
    const found = new Map<string, StoredCertificate>();
    if (acme === null) return found;
    const store = this.#storeOf(acme);
    for (const name of namesOf(listener, store)) {
      const stored = readStored(store, name);
      if (stored !== null) found.set(name, stored);
    }
    return found;
  }

  /** Makes a configuration current: asks for what is missing, forgets what is no longer wanted. */
  watch(config: Config): void {
    this.#config = config;
    const { acme } = config;
    const wanted = new Set<string>();
    if (acme !== null) {
      const store = this.#storeOf(acme);
      for (const listener of config.listeners) for (const name of namesOf(listener, store)) wanted.add(name);
    }
    const account = acme === null || wanted.size + onDemandCount(config) === 0 ? null : this.#accountOf(acme);
    if (account !== this.#account) this.#forgetAll();
    this.#account = account;
    for (const [name, entry] of this.#entries) if (!wanted.has(name)) this.#forget(name, entry);
    for (const name of wanted) this.#keep(name);
  }

  /** A client asked for a name that a listener gives certificates to on demand. */
  want(listenerName: string, name: string): void {
    const listener = this.#config?.listeners.find((each) => each.name === listenerName);
    const onDemand = listener?.tls?.source === "acme" ? listener.tls.onDemand : null;
    if (onDemand === null || onDemand === undefined || this.#entries.has(name)) return;
    if (!isAllowed(onDemand.allow, name) || this.#entries.size >= onDemand.namesMax) return;
    this.#parts.log.info("certificate wanted on demand", { certificate: name, listener: listenerName });
    this.#keep(name);
  }

  get statuses(): readonly AcmeEntryStatus[] {
    return [...this.#entries.values()].map((entry) => entry.status);
  }

  /** False when it keeps no such name. */
  renew(name: string): boolean {
    const entry = this.#entries.get(name);
    entry?.renewNow();
    return entry !== undefined;
  }

  /** Tells the authority that the certificate is not to be trusted any more, and asks for another. Rejects with an AcmeError. */
  async revoke(name: string): Promise<boolean> {
    const account = this.#account;
    const stored = account === null ? null : readStored(account.store, name);
    if (account === null || stored === null) return false;
    await account.issuer.revoke(stored.pair.certificatePem);
    this.#parts.log.warn("certificate revoked", { certificate: name });
    removeStored(account.store, name);
    this.#entries.get(name)?.renewNow();
    return true;
  }

  close(): void {
    this.#forgetAll();
    this.#account = null;
  }

  #forgetAll(): void {
    for (const [name, entry] of this.#entries) this.#forget(name, entry);
    this.#account?.issuer.close();
  }

  #forget(name: string, entry: AcmeEntry): void {
    entry.close();
    this.#entries.delete(name);
  }

  #keep(name: string): void {
    const account = this.#account;
    if (account === null || this.#entries.has(name)) return;
    const { keyKind, challenges } = account.config;
    const usable = (): readonly AcmeChallengeKind[] =>
      this.#config === null ? challenges : answerable(challenges, this.#config);
    const entry = new AcmeEntry(name, {
      ...this.#parts,
      keyKind,
      challenges: usable,
      store: account.store,
      issuer: account.issuer,
      tryBegin: () => this.#tryBegin(),
      busyRetryMs,
      onEnded: () => this.#orders--,
      publish: (answer) => this.#publish(answer),
      withdraw: (answer) => this.#withdraw(answer),
    });
    this.#entries.set(name, entry);
    entry.start();
  }

  #tryBegin(): boolean {
    if (this.#orders >= ordersMax) return false;
    this.#orders++;
    return true;
  }

  async #publish(answer: AcmeAnswer): Promise<void> {
    this.#answers.add(answer);
    await this.#parts.publish([...this.#answers]);
  }

  #withdraw(answer: AcmeAnswer): void {
    this.#answers.delete(answer);
    void this.#parts.publish([...this.#answers]);
  }

  #accountOf(config: AcmeConfig): Account {
    const caPem = config.ca === null ? null : this.#parts.readTextFile(config.ca);
    const key = JSON.stringify([config, caPem]);
    if (this.#account?.key === key) return this.#account;
    const { directory: directoryUrl, email, externalAccount } = config;
    const store = this.#storeOf(config);
    const issuer = this.#parts.createAcmeIssuer({ directoryUrl, email, caPem, externalAccount }, store);
    return { key, config, store, issuer };
  }

  #storeOf({ folder, directory }: AcmeConfig): PrivateStore {
    return this.#parts.openStore(folder, directory.replace(/^https:\/\//, "").replaceAll(/[^\w.-]+/g, "_"));
  }
}

/** Those of the configuration, and those got on demand before. */
function namesOf({ tls }: ListenerConfig, store: PrivateStore): readonly string[] {
  if (tls?.source !== "acme") return [];
  const { onDemand, names } = tls;
  if (onDemand === null) return names;
  const earlier = storedNames(store).filter((name) => isAllowed(onDemand.allow, name));
  return [...new Set([...names, ...earlier.slice(0, onDemand.namesMax)])];
}

/** Without an HTTP listener in the clear nobody answers HTTP-01; if that is all there is, let the authority say so. */
function answerable(
  challenges: readonly AcmeChallengeKind[],
  { listeners }: Config,
): readonly AcmeChallengeKind[] {
  const isPlain = listeners.some(({ protocol, tls }) => protocol === "http" && tls === null);
  const rest = challenges.filter((challenge) => isPlain || challenge !== "http-01");
  return rest.length > 0 ? rest : challenges;
}

function onDemandCount({ listeners }: Config): number {
  return listeners.filter(({ tls }) => tls?.source === "acme" && tls.onDemand !== null).length;
}

function isAllowed(patterns: readonly string[], name: string): boolean {
  const index = new NameIndex<true>();
  for (const pattern of patterns) index.add(pattern, true);
  return index.find(name) === true;
}
