/**
 * One name's certificate: when it is due, whether it is being asked for, and how that went.
 *
 *   waiting ──due──▶ ordering ──▶ waiting (until renewal, or after a pause that grows with failures)
 */
import type { AcmeAnswer, AcmeChallengeKind, AcmeIssuer, PrivateStore } from "../core/acme.ts";
import type { Clock, Timer } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { Random } from "../core/random.ts";
import { renewalWallMs, retryDelayMs, wallMsWithin } from "./acme-schedule.ts";
import { readStored, writeStored } from "./acme-store.ts";
import { readCertificate } from "./tls-certificates.ts";

export interface AcmeEntryParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly keyKind: "ecdsa" | "rsa";
  /** Those that can be answered now: tried by turns, beginning with the one that worked last, or the first. */
  challenges(): readonly AcmeChallengeKind[];
  readonly store: PrivateStore;
  readonly issuer: AcmeIssuer;
  /** Takes one of the places for orders; false when there is none, to be asked again after `busyRetryMs`. */
  tryBegin(): boolean;
  readonly busyRetryMs: number;
  onEnded(): void;
  publish(answer: AcmeAnswer): Promise<void>;
  withdraw(answer: AcmeAnswer): void;
  onIssued(): void;
}

export interface AcmeEntryStatus {
  readonly name: string;
  /** `valid`: all is well; `pending`: being got for the first time; `failing`: the last try failed. */
  readonly state: "valid" | "pending" | "failing";
  readonly isOrdering: boolean;
  /** Null while there is none. */
  readonly expiresWallMs: number | null;
  readonly nextTryWallMs: number;
  readonly failures: number;
  /** Of the last failure, since the last success. */
  readonly reason: string | null;
  readonly renewals: number;
}

/** Timers of the system are no longer than 24 days, and clocks are set: look again now and then. */
const lookEveryMs = 6 * 3_600_000;

export class AcmeEntry {
  readonly #name: string;
  readonly #parts: AcmeEntryParts;
  #expiresWallMs: number | null = null;
  #dueWallMs = 0;
  #failures = 0;
  #reason: string | null = null;
  #renewals = 0;
  #worked: AcmeChallengeKind | null = null;
  #isOrdering = false;
  #isClosed = false;
  #timer: Timer | null = null;

  constructor(name: string, parts: AcmeEntryParts) {
    this.#name = name;
    this.#parts = parts;
  }

  start(): void {
    const { clock, random, store } = this.#parts;
    const stored = readStored(store, this.#name);
    if (stored === null) this.#dueWallMs = clock.wallMs();
    else {
      this.#expiresWallMs = stored.facts.notAfterMs;
      this.#dueWallMs = renewalWallMs(stored.facts, random.next());
    }
    this.#look();
  }

  get status(): AcmeEntryStatus {
    const isFailing = this.#failures > 0;
    return {
      name: this.#name,
      state: isFailing ? "failing" : this.#expiresWallMs === null ? "pending" : "valid",
      isOrdering: this.#isOrdering,
      expiresWallMs: this.#expiresWallMs,
      nextTryWallMs: this.#dueWallMs,
      failures: this.#failures,
      reason: this.#reason,
      renewals: this.#renewals,
    };
  }

  /** Nothing happens while it is being asked for already. */
  renewNow(): void {
    if (this.#isOrdering) return;
    this.#dueWallMs = this.#parts.clock.wallMs();
    this.#look();
  }

  /** An order under way runs out by itself and is not heeded. */
  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  #look(): void {
    if (this.#isOrdering || this.#isClosed) return;
    this.#timer?.cancel();
    const { clock, tryBegin, busyRetryMs } = this.#parts;
    const leftMs = this.#dueWallMs - clock.wallMs();
    if (leftMs > 0) {
      this.#wakeIn(Math.min(leftMs, lookEveryMs));
      if (this.#failures === 0) void this.#heedWindow();
    } else if (tryBegin()) void this.#order();
    else this.#wakeIn(busyRetryMs);
  }

  #wakeIn(ms: number): void {
    this.#timer = this.#parts.clock.setTimer(ms, () => this.#look());
  }

  /** Moves the renewal to where the authority wants it, if it says so. */
  async #heedWindow(): Promise<void> {
    const { store, issuer, random, clock, log } = this.#parts;
    const stored = readStored(store, this.#name);
    if (stored === null) return;
    try {
      const window = await issuer.renewalWindow(stored.pair.certificatePem);
      if (window === null || this.#isClosed || this.#isOrdering) return;
      const isWithin = this.#dueWallMs >= window.startWallMs && this.#dueWallMs <= window.endWallMs;
      if (isWithin) return;
      this.#dueWallMs = Math.max(clock.wallMs(), wallMsWithin(window, random.next()));
      log.debug("renewal moved by the authority", {
        certificate: this.#name,
        due: new Date(this.#dueWallMs).toISOString(),
      });
      this.#timer?.cancel();
      this.#wakeIn(Math.min(this.#dueWallMs - clock.wallMs(), lookEveryMs));
    } catch (error) {
      // Our own date stands.
      log.debug("no renewal information", { certificate: this.#name, reason: String(error) });
    }
  }

  async #order(): Promise<void> {
    const { issuer, store, keyKind, publish, withdraw, onEnded } = this.#parts;
    const challenge = this.#challenge();
    this.#isOrdering = true;
    try {
      const pair = await issuer.issue({
        name: this.#name,
        keyKind,
        challenge,
        replacesPem: readStored(store, this.#name)?.pair.certificatePem ?? null,
        publish,
        withdraw,
      });
      if (this.#isClosed) return;
      const facts = readCertificate(pair);
      writeStored(store, this.#name, pair);
      this.#worked = challenge;
      this.#succeeded(facts);
    } catch (error) {
      if (!this.#isClosed) this.#failed(error);
    } finally {
      this.#isOrdering = false;
      onEnded();
      this.#look();
    }
  }

  #challenge(): AcmeChallengeKind {
    const given = this.#parts.challenges();
    const worked = this.#worked;
    const inTurn =
      worked === null || !given.includes(worked) ? given : [worked, ...given.filter((one) => one !== worked)];
    return inTurn[this.#failures % inTurn.length] ?? "http-01";
  }

  #succeeded(facts: { readonly notBeforeMs: number; readonly notAfterMs: number }): void {
    const { random, log, onIssued } = this.#parts;
    this.#failures = 0;
    this.#reason = null;
    this.#renewals++;
    this.#expiresWallMs = facts.notAfterMs;
    this.#dueWallMs = renewalWallMs(facts, random.next());
    log.info("certificate issued", {
      certificate: this.#name,
      expires: new Date(facts.notAfterMs).toISOString(),
    });
    onIssued();
  }

  #failed(error: unknown): void {
    const { clock, random, log } = this.#parts;
    this.#failures++;
    this.#reason = error instanceof Error ? error.message : String(error);
    const delayMs = retryDelayMs(this.#failures, error, random.next());
    this.#dueWallMs = clock.wallMs() + delayMs;
    log.warn("certificate not issued", {
      certificate: this.#name,
      reason: this.#reason,
      failures: this.#failures,
      nextTry: new Date(this.#dueWallMs).toISOString(),
    });
  }
}
