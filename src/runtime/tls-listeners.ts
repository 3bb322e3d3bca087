/**
 * The control plane's side of TLS listeners: reads their certificates, keeps the ticket keys, watches the
 * files, and warns before a certificate expires. A file that cannot be used leaves the old one in place.
 */
import type { Path } from "../config/issue.ts";
import type { Config } from "../config/schema.ts";
import type { ListenerConfig } from "../config/schema-listener.ts";
import type { ServerTlsConfig } from "../config/schema-server-tls.ts";
import type { Clock, Timer } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { KeyPair, ServerTlsSettings, TlsIdentity } from "../core/tls.ts";
import { CertificateReading, type ReadPair, withPlaces } from "./certificate-reading.ts";
import { lookAtExpiryEveryMs, warnOfExpiry } from "./certificate-warnings.ts";
import { FileWatch } from "./file-watch.ts";
import { OcspStapler } from "./ocsp-stapler.ts";
import { revocationNewsInMs, warnOfRevocationList } from "./revocation-lists.ts";
import { type CertificateFacts, readCertificate } from "./tls-certificates.ts";
import { groupIdentities, type NamedPair } from "./tls-identities.ts";
import { tlsPresets } from "./tls-presets.ts";
import { type AuthorityStore, makeSelfSigned } from "./tls-self-signed.ts";
import { type TicketKeyInheritance, TicketKeyRing } from "./tls-ticket-keys.ts";

/** By listener name. */
export type ListenersTls = Readonly<Record<string, ServerTlsSettings>>;

/** One certificate in use, for status, metrics and warnings. */
export interface CertificateInUse extends CertificateFacts {
  readonly listener: string;
  /** Its file, or `self-signed`. */
  readonly source: string;
}

export interface TlsListenersParts {
  readonly clock: Clock;
  readonly log: Log;
  readTextFile(path: string): string;
  watchFolders(folders: readonly string[], onChange: () => void): () => void;
  fileSignature(path: string): string;
  readonly authorityStore: AuthorityStore;
  /** Of a predecessor's tickets, to be opened here, too. */
  readonly ticketKeys?: TicketKeyInheritance | null;
  /** This machine's own name, for self-signed certificates. */
  readonly hostName: string;
  readonly acme: AcmeStoreView;
  askOcsp(url: string, request: Buffer): Promise<Buffer>;
  /** Throws what OpenSSL says when settings cannot be used: an authority's file, a revocation list. */
  tryOut(settings: ServerTlsSettings): void;
  /** Files or ticket keys have changed: to be handed to the data planes. */
  onChanged(tls: ListenersTls): void;
}

/** Certificates that an authority gave. */
export interface AcmeStoreView {
  storedFor(config: Config, listener: ListenerConfig): ReadonlyMap<string, { readonly pair: KeyPair }>;
}

interface LoadedCertificate extends NamedPair {
  readonly inUse: CertificateInUse;
}

const selfSignedMax = 100;

export class TlsListeners {
  readonly #parts: TlsListenersParts;
  readonly #tickets: TicketKeyRing;
  readonly #watch: FileWatch;
  readonly #stapler: OcspStapler;
  /** Self-signed leaves live as long as this process: a reload does not change what was trusted. */
  readonly #selfSigned = new Map<string, KeyPair>();
  #config: Config | null = null;
  #certificates: readonly CertificateInUse[] = [];
  #settings: ListenersTls = {};
  #timer: Timer | null = null;
  #refreshes = 0;
  #last: Promise<void> = Promise.resolve();

  constructor(parts: TlsListenersParts) {
    this.#parts = parts;
    this.#tickets = new TicketKeyRing(parts.clock, () => this.#ticketsRotated(), parts.ticketKeys);
    this.#stapler = new OcspStapler({ ...parts, onChanged: () => void this.refreshUnasked() });
    this.#watch = new FileWatch({ ...parts, onChanged: () => void this.refreshUnasked() });
  }

  /** Of all listeners, as last read. */
  get certificates(): readonly CertificateInUse[] {
    return this.#certificates;
  }

  /** For whoever takes this process's place. */
  get ticketKeys(): TicketKeyInheritance {
    return this.#tickets.inheritance;
  }

  /** What was read last and is in force, in the form of `read`. */
  get inForce(): { readonly settings: ListenersTls; commit(): void } {
    return { settings: this.#settings, commit() {} };
  }

  /** Reads every certificate of a configuration. Rejects with a ConfigError, and changes nothing, if one cannot be used. */
  async read(config: Config): Promise<{ readonly settings: ListenersTls; commit(): void }> {
    const refreshesBefore = this.#refreshes;
    const settings: Record<string, ServerTlsSettings> = {};
    const certificates: CertificateInUse[] = [];
    const reading = new CertificateReading(this.#parts.readTextFile);
    for (const [index, listener] of config.listeners.entries()) {
      const { tls } = listener;
      if (tls === null) continue;
      const path = ["listeners", index, "tls"];
      const faultsBefore = reading.issues.length;
      const loaded = await this.#load(config, listener, tls, reading, path);
      const ready = this.#settingsOf(listener.protocol, tls, loaded, reading, path);
      if (reading.issues.length > faultsBefore) continue;
      this.#tryOut(ready, reading, path);
      settings[listener.name] = ready;
      certificates.push(...loaded.map(({ inUse }) => inUse));
    }
    // The keeper reads it when all is in force, which is too late to refuse it.
    if (config.acme !== null) reading.authorities(["acme", "ca"], config.acme.ca);
    reading.throwFaults();
    // Ticket keys are needed by what is handed out now; a configuration that is refused leaves one unused.
    this.#tickets.use(Math.max(0, ...config.listeners.map(({ tls }) => tls?.sessionLifetime ?? 0)));
    const withKeys = this.#withTicketKeys(settings);
    return {
      settings: withKeys,
      commit: () => {
        this.#adopt(config, withKeys, certificates);
        // Something was to be read anew between reading and committing.
        if (this.#refreshes !== refreshesBefore) void this.refreshUnasked();
      },
    };
  }

  /**
   * Reads everything anew, as when a file has changed. Rejects when something cannot be used; the old stays.
   * One after the other: what was read first must not be shown last.
   */
  refresh(): Promise<void> {
    this.#refreshes++;
    const run = this.#last.then(() => this.#refresh());
    this.#last = run.catch(() => {});
    return run;
  }

  async #refresh(): Promise<void> {
    const config = this.#config;
    if (config === null) return;
    const next = await this.read(config).catch((error: unknown) => {
      throw withPlaces(error);
    });
    // A reload may have overtaken this.
    if (config !== this.#config) return;
    next.commit();
    this.#parts.onChanged(next.settings);
    this.#parts.log.info("certificates read anew", {
      certificates: this.#certificates.map(({ source }) => source),
    });
  }

  close(): void {
    this.#tickets.close();
    this.#watch.close();
    this.#stapler.close();
    this.#timer?.cancel();
  }

  #adopt(config: Config, settings: ListenersTls, certificates: readonly CertificateInUse[]): void {
    this.#config = config;
    this.#settings = settings;
    this.#certificates = certificates;
    this.#watch.watch(filesOf(config));
    const identities = Object.values(settings).flatMap((each) => each.identities);
    this.#stapler.watch(identities.flatMap(({ pairs }) => pairs.map(({ certificatePem }) => certificatePem)));
    this.#warn();
  }

  async #load(
    config: Config,
    listener: ListenerConfig,
    tls: ServerTlsConfig,
    reading: CertificateReading,
    path: Path,
  ): Promise<LoadedCertificate[]> {
    if (tls.source === "files") return readFiles(listener.name, tls, reading, path);
    if (tls.source === "self-signed") return [await this.#makeOwn(listener)];
    const stored = this.#parts.acme.storedFor(config, listener);
    const loaded = [...stored].map(([name, { pair }]) =>
      loadedCertificate(listener.name, `acme ${name}`, pair, [name]),
    );
    const missing = tls.names.filter((name) => !stored.has(name));
    if (missing.length > 0 || loaded.length === 0)
      loaded.push(await this.#makeStandIn(listener.name, missing));
    return loaded;
  }

  /** For names whose certificate is still to come. */
  async #makeStandIn(listener: string, missing: readonly string[]): Promise<LoadedCertificate> {
    const { clock, hostName } = this.#parts;
    const names = missing.length > 0 ? missing : [hostName];
    const key = `${listener} ${names.join(" ")}`;
    const known = this.#selfSigned.get(key);
    const pair = known ?? (await makeSelfSigned(names, forgetfulStore, clock)).pair;
    if (this.#selfSigned.size > selfSignedMax) this.#selfSigned.clear();
    this.#selfSigned.set(key, pair);
    return loadedCertificate(listener, "acme stand-in", pair, names);
  }

  async #makeOwn(listener: ListenerConfig): Promise<LoadedCertificate> {
    const { authorityStore, clock, log, hostName } = this.#parts;
    const names = ["localhost", "*.localhost", hostName, "127.0.0.1", "::1"];
    const known = this.#selfSigned.get(listener.name);
    if (known !== undefined) return loadedCertificate(listener.name, "self-signed", known, []);
    const { pair, authorityPath, isNewAuthority } = await makeSelfSigned(
      [...new Set(names)],
      authorityStore,
      clock,
    );
    this.#selfSigned.set(listener.name, pair);
    const trust = `curl --cacert ${authorityPath}; or add that file to the authorities of your browser or system`;
    if (isNewAuthority)
      log.info("made an authority for development certificates", { authority: authorityPath, trust });
    else log.info("self-signed certificate", { listener: listener.name, authority: authorityPath });
    return loadedCertificate(listener.name, "self-signed", pair, []);
  }

  #settingsOf(
    protocol: ListenerConfig["protocol"],
    tls: ServerTlsConfig,
    loaded: readonly LoadedCertificate[],
    reading: CertificateReading,
    path: Path,
  ): ServerTlsSettings {
    const preset = tlsPresets[tls.preset];
    const { clientCertificates } = tls;
    const clientsPath = [...path, "clientCertificates"];
    return {
      identities: groupIdentities(loaded).map((identity) => this.#stapled(identity)),
      minVersion: tls.minVersion === null ? preset.minVersion : `TLSv${tls.minVersion}`,
      ciphers: preset.ciphers,
      groups: preset.groups,
      // Below HTTP the endpoint speaks, and only the user knows what.
      alpnProtocols: tls.alpn ?? (protocol === "http" ? ["h2", "http/1.1"] : []),
      clientCertificates:
        clientCertificates === null
          ? null
          : {
              mode: clientCertificates.mode,
              caPem: reading.authorities([...clientsPath, "ca"], clientCertificates.ca),
              crlPem: reading.revocations([...clientsPath, "crl"], clientCertificates.crl),
            },
      ticketKeys: [],
      ticketLifetimeSeconds: Math.floor(tls.sessionLifetime / 1000),
      handshakeTimeoutMs: tls.handshakeTimeout,
      handshakesMax: tls.handshakesMax,
    };
  }

  /** What only OpenSSL sees: a list of the revoked that it cannot read, a key that is too short for it. */
  #tryOut(settings: ServerTlsSettings, reading: CertificateReading, path: Path): void {
    try {
      this.#parts.tryOut(settings);
    } catch (error) {
      const reason = messageOf(error);
      const place = /\bCRL\b/.test(reason) ? [...path, "clientCertificates", "crl"] : path;
      reading.fault(place, `OpenSSL refuses these settings: ${reason}`);
    }
  }

  /** Clients choose among pairs later than the response has to be there, so one of several has none. */
  #stapled(identity: TlsIdentity): TlsIdentity {
    const [only, second] = identity.pairs;
    if (only === undefined || second !== undefined) return identity;
    const ocspResponse = this.#stapler.responseFor(only.certificatePem);
    return ocspResponse === null ? identity : { ...identity, ocspResponse };
  }

  #withTicketKeys(settings: ListenersTls): ListenersTls {
    const { keys } = this.#tickets;
    return Object.fromEntries(
      Object.entries(settings).map(([name, one]) => [
        name,
        { ...one, ticketKeys: one.ticketLifetimeSeconds > 0 ? keys : [] },
      ]),
    );
  }

  #ticketsRotated(): void {
    this.#settings = this.#withTicketKeys(this.#settings);
    this.#parts.onChanged(this.#settings);
  }

  /** The same, but nobody waits for it: the log is told of a failure. */
  async refreshUnasked(): Promise<void> {
    try {
      await this.refresh();
    } catch (error) {
      const reason = messageOf(error);
      this.#parts.log.error("changed certificates cannot be used, the old ones stay", { reason });
    }
  }

  /** Says what is about to expire, now, twice a day, and when a list of the revoked comes to its end. */
  #warn(): void {
    const { clock, log } = this.#parts;
    this.#timer?.cancel();
    if (this.#certificates.length === 0) return;
    const nowMs = clock.wallMs();
    for (const { listener, source, names, ...facts } of this.#certificates)
      warnOfExpiry(log, nowMs, facts, { listener, certificate: source, names });
    let nextLookMs = lookAtExpiryEveryMs;
    for (const { name: listener, tls } of this.#config?.listeners ?? []) {
      const pem = this.#settings[listener]?.clientCertificates?.crlPem ?? null;
      if (pem === null) continue;
      warnOfRevocationList(log, nowMs, pem, { listener, certificate: tls?.clientCertificates?.crl ?? "" });
      nextLookMs = Math.min(nextLookMs, revocationNewsInMs(pem, nowMs) + 1);
    }
    this.#timer = clock.setTimer(nextLookMs, () => this.#warn());
  }
}

/** The authority of a stand-in is nobody's. */
const forgetfulStore: AuthorityStore = { folder: "", read: () => null, write() {} };

/** Without those that the reading finds wrong. */
function readFiles(
  listener: string,
  tls: ServerTlsConfig,
  reading: CertificateReading,
  path: Path,
): LoadedCertificate[] {
  return tls.certificates.flatMap((files, index) => {
    const read = reading.pair([...path, "certificates", index], files);
    return read === null ? [] : loaded(listener, files.certificate, read, files.names);
  });
}

/** Of a pair that was made or judged before. */
function loadedCertificate(
  listener: string,
  source: string,
  pair: KeyPair,
  names: readonly string[],
): LoadedCertificate {
  return loaded(listener, source, { pair, facts: readCertificate(pair) }, names);
}

/** Shown for the names in the certificate unless others are given. */
function loaded(
  listener: string,
  source: string,
  { pair, facts }: ReadPair,
  names: readonly string[],
): LoadedCertificate {
  return {
    pair,
    names: names.length > 0 ? names : facts.names,
    keyKind: facts.keyKind,
    inUse: { ...facts, listener, source },
  };
}

function filesOf(config: Config): readonly string[] {
  const files = config.listeners.flatMap(({ tls }) => {
    if (tls === null) return [];
    const { certificates, clientCertificates } = tls;
    const own = certificates.flatMap(({ certificate, key }) => [certificate, key]);
    return [...own, clientCertificates?.ca ?? null, clientCertificates?.crl ?? null].filter(
      (file) => file !== null,
    );
  });
  return [...new Set(files)];
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
