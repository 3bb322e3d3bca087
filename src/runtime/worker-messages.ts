/** What main thread and workers say to each other. Rare: nothing on the request path posts a message. */
import type { AcmeAnswer } from "../core/acme.ts";
import type { LogFields, LogLevel } from "../core/log.ts";
import type { DialTarget } from "../core/transport.ts";
import type { InheritedSockets, OpenSocket } from "../platform/socket-handover.ts";
import type { ObservabilityReport } from "./observability-share.ts";
import type { ExchangeFilter } from "./exchange-filter.ts";
import type { BoundAddress, Snapshot } from "./snapshot.ts";
import type { ListenersTls } from "./tls-listeners.ts";

export interface WorkerStart {
  readonly workerIndex: number;
  readonly isPortShared: boolean;
  readonly isDebug: boolean;
  /** Listening sockets of a predecessor, for the first thread of this index only. */
  readonly inherited: readonly InheritedSockets[];
}

export type ToWorker =
  | { readonly kind: "apply"; readonly call: number; readonly snapshot: Snapshot }
  | { readonly kind: "tls"; readonly tls: ListenersTls }
  | { readonly kind: "challenges"; readonly call: number; readonly answers: readonly AcmeAnswer[] }
  | { readonly kind: "targets"; readonly key: string; readonly targets: readonly DialTarget[] }
  | { readonly kind: "close-web-sockets"; readonly key: string; readonly withinMs: number }
  | { readonly kind: "end-drain"; readonly key: string }
  | { readonly kind: "reopen-logs" }
  | { readonly kind: "exchange-filters"; readonly filters: readonly ExchangeFilter[] }
  /** Another process goes on with the listening sockets. */
  | { readonly kind: "hand-over" }
  | { readonly kind: "drain"; readonly call: number; readonly graceMs: number }
  | { readonly kind: "terminate"; readonly call: number };

export type FromWorker =
  | {
      readonly kind: "applied";
      readonly call: number;
      readonly addresses: readonly BoundAddress[];
      readonly sockets: readonly OpenSocket[];
    }
  | { readonly kind: "listen-failed"; readonly call: number; readonly code: string; readonly address: string }
  | { readonly kind: "apply-failed"; readonly call: number; readonly message: string }
  | { readonly kind: "drained" | "answering"; readonly call: number }
  | { readonly kind: "suspect"; readonly key: string }
  | { readonly kind: "name-wanted"; readonly listener: string; readonly serverName: string }
  | { readonly kind: "observed"; readonly report: ObservabilityReport }
  | { readonly kind: "log"; readonly level: LogLevel; readonly message: string; readonly fields: LogFields };
