/** What a load balancer can do for those who embed it, and beyond that for the program that runs it. */
import type { Config, ConfigInput } from "../config/schema.ts";
import type { Log } from "../core/log.ts";
import type { EventLog } from "../observability/events.ts";
import type { OpenSocket } from "../platform/socket-handover.ts";
import type { ExchangeRecord } from "../proxy/exchange-record.ts";
import type { AcmeKeeper } from "./acme-keeper.ts";
import type { ConfigChanges } from "./config-changes.ts";
import type { Drains } from "./drain-progress.ts";
import type { EndpointDrift } from "./drift.ts";
import type { EndpointInput, OperatorState } from "./endpoint-edits.ts";
import type { Explanation } from "./explain.ts";
import type { HealthChecks } from "./health-checks.ts";
import type { RequestSketch } from "./hypothetical-request.ts";
import type { Observability } from "./observability-hub.ts";
import type { PoolSources } from "./pool-sources.ts";
import type { SharedState } from "./shared-state.ts";
import type { BoundAddress } from "./snapshot.ts";
import type { Stats } from "./stats.ts";
import type { CertificateInUse } from "./tls-listeners.ts";
import type { TicketKeyInheritance } from "./tls-ticket-keys.ts";

export interface LoadBalancerOptions {
  /** Where it reports; silent by default. */
  readonly log?: Log;
  /** Called after each exchange served in this thread (`workers: 0`). Must be quick and not throw. */
  readonly onExchange?: (record: ExchangeRecord) => void;
  /** Listening sockets of a predecessor, to go on with instead of binding their addresses. */
  readonly inherited?: readonly OpenSocket[];
  /** A predecessor's keys: what it sealed in tickets of TLS sessions is opened here, too. */
  readonly ticketKeys?: TicketKeyInheritance | null;
  /** A predecessor's run-time edits, as far as they still mean something. */
  readonly drift?: readonly EndpointDrift[];
}

export interface CloseOptions {
  /** How long exchanges may finish; the configuration's `shutdown.grace` by default. */
  readonly graceMs?: number;
}

export interface LoadBalancer {
  /** Binds the listeners and serves. Resolves with their addresses; rejects with a ListenError. */
  listen(): Promise<readonly BoundAddress[]>;
  /** Accepts no more, lets exchanges finish within the grace time, and frees everything. */
  close(options?: CloseOptions): Promise<void>;
  /** The counters of every endpoint and their totals. */
  stats(): Stats;
  /**
   * What would happen to a request now: route and near misses, endpoints with scores or why not, and the
   * limits that apply. Sends nothing. Throws a SketchError when the request makes no sense.
   */
  explain(request: RequestSketch): Explanation;
  /** Makes another configuration current by difference; rejects and changes nothing if it is wrong. */
  apply(config: ConfigInput): Promise<void>;
  /** The configuration in force, defaults filled in. */
  readonly config: Config;
  readonly addresses: readonly BoundAddress[];
  addEndpoint(pool: string, endpoint: EndpointInput): Promise<void>;
  /** The endpoint gets nothing new and finishes what it has. */
  removeEndpoint(pool: string, name: string): Promise<void>;
  setEndpointWeight(pool: string, name: string, weight: number): Promise<void>;
  /** `draining` takes no new clients, `maintenance` nothing at all; `ready` is back in service. */
  setEndpointState(pool: string, name: string, state: OperatorState): Promise<void>;
  /** Opens log files again under their names, after a rotation. */
  reopenLogs(): void;
  /** Back to an earlier configuration; without a number to the one before. */
  rollback(revision?: number): Promise<void>;
}

/** What the program that runs a balancer needs beyond a library's user: who changed what, and the live state. */
export interface OperatedLoadBalancer extends LoadBalancer {
  readonly changes: ConfigChanges;
  readonly shared: SharedState;
  readonly health: HealthChecks;
  /** Certificates of the listeners that speak TLS. */
  readonly certificates: readonly CertificateInUse[];
  /** Those that an authority gives, and how that goes. */
  readonly acme: AcmeKeeper;
  /** Reads certificates, keys and lists of the revoked anew, without waiting for their files to be seen changing. */
  refreshCertificates(): Promise<void>;
  readonly events: EventLog;
  /** Who is on the way out. */
  readonly drains: Drains;
  readonly observability: Observability;
  /** Where pools find further endpoints. */
  readonly sources: PoolSources;
  /** Worker threads; 0 when the calling thread serves. */
  readonly workerCount: number;
  /** Those of them that serve now; fewer while one that died is replaced. */
  readonly workersServing: number;
  /** Every listening socket, for a successor to inherit. */
  readonly sockets: readonly OpenSocket[];
  /** The keys that tickets of TLS sessions are sealed with, likewise. */
  readonly ticketKeys: TicketKeyInheritance;
  /** A successor goes on with the listening sockets: closing leaves them open there. */
  handOver(): void;
}
