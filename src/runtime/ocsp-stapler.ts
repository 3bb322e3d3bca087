/**
 * Keeps OCSP responses for the certificates in use that ask for stapling: fetched when a certificate is new,
 * again at half their life, and shown only while they hold. Anything but `good` is not stapled.
 */
import type { Clock, Timer } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import { ocspQuestion, type OcspQuestion, readOcspAnswer } from "./ocsp.ts";

export interface OcspStaplerParts {
  readonly clock: Clock;
  readonly log: Log;
  /** Asks a responder. Rejects when there is no answer in time, or one that is too long. */
  askOcsp(url: string, request: Buffer): Promise<Buffer>;
  /** There is another response to show. */
  onChanged(): void;
}

interface Entry {
  readonly question: OcspQuestion;
  response: { readonly bytes: Buffer; readonly untilWallMs: number } | null;
  timer: Timer | null;
}

const retryMs = 10 * 60_000;
const lifeUnlessToldMs = 12 * 3_600_000;
const lookEveryMaxMs = 12 * 3_600_000;

export class OcspStapler {
  readonly #parts: OcspStaplerParts;
  /** By the chain's PEM. */
  #entries = new Map<string, Entry>();

  constructor(parts: OcspStaplerParts) {
    this.#parts = parts;
  }

  /** Null when there is none, or it holds no longer. */
  responseFor(chainPem: string): Buffer | null {
    const response = this.#entries.get(chainPem)?.response ?? null;
    return response !== null && response.untilWallMs > this.#parts.clock.wallMs() ? response.bytes : null;
  }

  /** These chains are in use from now on. */
  watch(chains: readonly string[]): void {
    const before = this.#entries;
    this.#entries = new Map();
    for (const chain of new Set(chains)) {
      const known = before.get(chain);
      before.delete(chain);
      if (known !== undefined) this.#entries.set(chain, known);
      else this.#begin(chain);
    }
    for (const { timer } of before.values()) timer?.cancel();
  }

  close(): void {
    this.watch([]);
  }

  #begin(chain: string): void {
    const question = ocspQuestion(chain);
    if (question === null) return;
    const entry: Entry = { question, response: null, timer: null };
    this.#entries.set(chain, entry);
    void this.#fetch(chain, entry);
  }

  async #fetch(chain: string, entry: Entry): Promise<void> {
    const { clock, log, askOcsp, onChanged } = this.#parts;
    let waitMs = retryMs;
    try {
      const bytes = await askOcsp(entry.question.url, entry.question.request);
      const { status, nextUpdateWallMs } = readOcspAnswer(bytes, entry.question);
      if (status !== "good") throw new Error(`the certificate is ${status}`);
      const untilWallMs = nextUpdateWallMs ?? clock.wallMs() + lifeUnlessToldMs;
      entry.response = { bytes, untilWallMs };
      waitMs = Math.min(Math.max(retryMs, (untilWallMs - clock.wallMs()) / 2), lookEveryMaxMs);
      if (this.#entries.get(chain) === entry) onChanged();
    } catch (error) {
      log.warn("no OCSP response to staple", {
        responder: entry.question.url,
        reason: error instanceof Error ? error.message : String(error),
      });
      this.#dropExpired(entry);
    }
    if (this.#entries.get(chain) === entry)
      entry.timer = clock.setTimer(waitMs, () => void this.#fetch(chain, entry));
  }

  #dropExpired(entry: Entry): void {
    const { clock, onChanged } = this.#parts;
    if (entry.response === null || entry.response.untilWallMs > clock.wallMs()) return;
    entry.response = null;
    onChanged();
  }
}
