/**
 * Binding by sessions that the application starts: what a response names is remembered with the endpoint
 * that sent it, and found again in later requests. The memory is injected; workers may share it.
 */
import { evaluate, type Template } from "../../core/template.ts";
import type { TemplateScope } from "../../core/template-scope.ts";
import type { Binding, Sticky } from "./sticky.ts";

export interface SessionMemory {
  /** Number of the endpoint that the session belongs to, and it counts as used; 0 if it is not known. */
  find(session: string, nowMs: number): number;
  remember(session: string, endpointNumber: number, nowMs: number): void;
}

export interface LearnedSettings {
  /** Where a response names the session it starts. */
  readonly response: Template;
  /** Where later requests name it. */
  readonly request: Template;
  readonly isRejecting: boolean;
}

export class LearnedSessions<E> implements Sticky<E> {
  readonly isRejecting: boolean;
  readonly #settings: LearnedSettings;
  readonly #memory: SessionMemory;
  readonly #numbers: ReadonlyMap<E, number>;
  readonly #endpoints = new Map<number, E>();

  /** `numbers`: from 1; one that keeps its endpoint over reloads, and the same in all workers. */
  constructor(settings: LearnedSettings, memory: SessionMemory, numbers: ReadonlyMap<E, number>) {
    this.isRejecting = settings.isRejecting;
    this.#settings = settings;
    this.#memory = memory;
    this.#numbers = numbers;
    for (const [endpoint, number] of numbers) this.#endpoints.set(number, endpoint);
  }

  boundTo(request: TemplateScope, nowMs: number): Binding<E> {
    const session = evaluate(this.#settings.request, request);
    if (session === "") return null;
    const number = this.#memory.find(session, nowMs);
    return number === 0 ? null : (this.#endpoints.get(number) ?? "gone");
  }

  answered(request: TemplateScope, endpoint: E, bound: Binding<E>, nowMs: number): string {
    const number = this.#numbers.get(endpoint);
    if (number === undefined) return "";
    const started = evaluate(this.#settings.response, request);
    if (started !== "") this.#memory.remember(started, number, nowMs);
    // Served elsewhere than where it was bound to: it is bound there from now on.
    else if (bound !== null && bound !== endpoint) {
      this.#memory.remember(evaluate(this.#settings.request, request), number, nowMs);
    }
    return "";
  }
}
