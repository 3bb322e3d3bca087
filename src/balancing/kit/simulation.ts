/**
 * A small closed-loop queueing simulation: so many clients, each of whom sends a request, waits for the
 * answer, thinks, and sends the next. The policy under test places every request. Virtual time and one
 * seeded generator: the same arguments give the same record, to the last bit.
 *
 *   client ──pick──▶ endpoint: waiting line ──▶ servers ──▶ answer ──▶ client thinks ──▶ …
 */
import { assert } from "../../core/assert.ts";
import { randomBelow, seededRandom, type Random } from "../../core/random.ts";
import type { Policy, PolicyParts } from "../policy.ts";
import { EventQueue } from "./event-queue.ts";
import {
  SimulatedEndpoint,
  type EndpointModel,
  type LatencyTracker,
  type VirtualNow,
} from "./simulated-endpoint.ts";

export interface SimulationSettings {
  readonly endpoints: readonly EndpointModel[];
  readonly clients: number;
  /** Mean pause of a client between an answer and its next request. */
  readonly thinkMs: number;
  /** Until when requests are sent. Every one of them is answered and recorded, however long that takes. */
  readonly durationMs: number;
  /** Requests sent before this are not recorded. */
  readonly warmUpMs: number;
  /** An endpoint that is away until then; when it comes, nobody knows its latency. */
  readonly returning: { readonly index: number; readonly atMs: number } | null;
}

export interface SimulationParts {
  readonly seed: number;
  readonly createLatency: () => LatencyTracker;
}

/** One finished request. */
export interface RequestRecord {
  readonly endpoint: number;
  readonly sentMs: number;
  readonly latencyMs: number;
  readonly isFailure: boolean;
}

/** Makes the policy under test. */
export type CreatePolicy = (parts: PolicyParts) => Policy;

type Event =
  | { readonly kind: "send"; readonly client: number }
  | { readonly kind: "answer"; readonly client: number; readonly endpoint: number }
  | { readonly kind: "return" };

/** Different keys that clients send, as if from so many client addresses. */
const keysMax = 10_000;

/** Least pause of a client for whom the policy found nobody. */
const refusedPauseMs = 1;

/** Records in the order in which requests were sent. */
export function simulate(
  create: CreatePolicy,
  settings: SimulationSettings,
  parts: SimulationParts,
): RequestRecord[] {
  return new Simulation(create, settings, parts).run();
}

class Simulation {
  readonly #settings: SimulationSettings;
  readonly #random: Random;
  readonly #policy: Policy;
  readonly #time: VirtualNow = { nowMs: 0 };
  readonly #events = new EventQueue<Event>();
  readonly #endpoints: readonly SimulatedEndpoint[];
  readonly #sentMs: Float64Array;
  readonly #records: RequestRecord[] = [];
  #eligible: readonly SimulatedEndpoint[];

  constructor(create: CreatePolicy, settings: SimulationSettings, parts: SimulationParts) {
    this.#settings = settings;
    this.#random = seededRandom(parts.seed);
    this.#sentMs = new Float64Array(settings.clients);
    this.#endpoints = settings.endpoints.map(
      (model) => new SimulatedEndpoint(model, parts.createLatency(), this.#time),
    );
    this.#eligible = this.#endpoints.filter((_, index) => index !== settings.returning?.index);
    let turns = 0;
    this.#policy = create({ random: seededRandom(parts.seed + 1), cursor: { next: () => turns++ } });
    this.#policy.build?.(this.#endpoints);
  }

  run(): RequestRecord[] {
    const { clients, returning, thinkMs } = this.#settings;
    for (let client = 0; client < clients; client++) {
      this.#events.push(this.#random.next() * thinkMs, { kind: "send", client });
    }
    if (returning !== null) this.#events.push(returning.atMs, { kind: "return" });
    while (this.#events.nextMs < Number.POSITIVE_INFINITY) {
      this.#time.nowMs = this.#events.nextMs;
      this.#handle(this.#events.pop()!);
    }
    return this.#records.toSorted((a, b) => a.sentMs - b.sentMs);
  }

  #handle(event: Event): void {
    switch (event.kind) {
      case "send":
        return this.#send(event.client);
      case "answer":
        return this.#answer(event.client, event.endpoint);
      case "return":
        this.#eligible = this.#endpoints;
        return;
    }
  }

  #send(client: number): void {
    const picked = this.#policy.pick(this.#eligible, keyOf(randomBelow(this.#random, keysMax)), []);
    // A policy that finds nobody makes the client ask again later, as if it had been refused.
    if (picked === null) return this.#think(client, refusedPauseMs);
    assert(this.#eligible.includes(picked), "a policy picks one of those it was offered, or null");
    const endpoint = this.#endpoints.indexOf(picked);
    picked.activeRequests++;
    this.#sentMs[client] = this.#time.nowMs;
    if (picked.model.isFailing) this.#answerAfter(picked.model.serviceMs, client, endpoint);
    else if (picked.busyServers < picked.model.servers) this.#serve(client, endpoint);
    else picked.waiting.push(client);
  }

  #serve(client: number, endpoint: number): void {
    const served = this.#endpoints[endpoint]!;
    served.busyServers++;
    this.#answerAfter(served.model.serviceMs * (0.5 + this.#random.next()), client, endpoint);
  }

  #answerAfter(delayMs: number, client: number, endpoint: number): void {
    this.#events.push(this.#time.nowMs + delayMs, { kind: "answer", client, endpoint });
  }

  #answer(client: number, index: number): void {
    const endpoint = this.#endpoints[index]!;
    const { isFailing } = endpoint.model;
    const sentMs = this.#sentMs[client]!;
    const latencyMs = this.#time.nowMs - sentMs;
    endpoint.activeRequests--;
    endpoint.latency.observe(latencyMs, isFailing, this.#time.nowMs);
    if (sentMs >= this.#settings.warmUpMs) {
      this.#records.push({ endpoint: index, sentMs, latencyMs, isFailure: isFailing });
    }
    if (!isFailing) {
      endpoint.busyServers--;
      const next = endpoint.waiting.shift();
      if (next !== undefined) this.#serve(next, index);
    }
    this.#think(client, 0);
  }

  /** Exponentially distributed, so that clients do not fall into step. */
  #think(client: number, pauseMs: number): void {
    const { durationMs, thinkMs } = this.#settings;
    const atMs = this.#time.nowMs + pauseMs - Math.log(1 - this.#random.next()) * thinkMs;
    if (atMs <= durationMs) this.#events.push(atMs, { kind: "send", client });
  }
}

/** A client address, so that every kind of hash policy can read it. */
export function keyOf(number: number): string {
  return `${1 + (number % 199)}.${(number * 7) % 251}.${number >> 6}.9`;
}
