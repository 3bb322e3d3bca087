/**
 * What one thread writes down of its exchanges: counters in shared memory, lines of the access log,
 * failures for the diagnosis. Called once per exchange, at its end; sends no message per request.
 */
import type { Clock } from "../core/clock.ts";
import type { Random } from "../core/random.ts";
import type { ExchangeRecord } from "../proxy/exchange-record.ts";
import { AccessLogs } from "./access-logs.ts";
import { type Refusal, refusalRecord } from "./observability-refusal.ts";
import type { Snapshot } from "./snapshot.ts";

export interface RecorderParts {
  readonly clock: Clock;
  readonly random: Random;
}

export class ObservabilityRecorder {
  readonly #clock: Clock;
  readonly #accessLogs: AccessLogs;

  constructor(parts: RecorderParts) {
    this.#clock = parts.clock;
    this.#accessLogs = new AccessLogs(parts);
  }

  apply(snapshot: Snapshot): void {
    this.#accessLogs.apply(snapshot.config.accessLog);
  }

  exchangeFinished(record: ExchangeRecord): void {
    this.#accessLogs.write(record);
  }

  refused(refusal: Refusal): void {
    this.#accessLogs.write(refusalRecord(refusal, this.#clock.wallMs()));
  }

  /** After a rotation of log files. */
  reopenLogs(): void {
    this.#accessLogs.reopen();
  }

  /** Brings out what is held; resolves when it is out. */
  async close(): Promise<void> {
    await this.#accessLogs.close();
  }
}
