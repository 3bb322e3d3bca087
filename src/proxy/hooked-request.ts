/** A request as hooks see it: one object for the three hooks of an exchange, with the changes they ask for. */
import { type ErrorRow, errorRow } from "../core/errors.ts";
import type { HookAnswer, HookError, HookRequest, HookResponse } from "../core/hooks.ts";
import type { Clock } from "../core/clock.ts";
import type { TemplateScope } from "../core/template-scope.ts";
import type { OutgoingRequest } from "../upstream/upstream-stream.ts";
import type { ExchangeRecord } from "./exchange-record.ts";
import { fieldLine, FieldChanges } from "./field-changes.ts";
import { type LocalResponse, plainResponse } from "./local-response.ts";

/** The scope of an exchange, which keeps what hooks were shown. */
export interface HookableScope extends TemplateScope {
  hooked: HookedRequest | null;
}

export class HookedRequest implements HookRequest {
  readonly requestChanges = new FieldChanges();
  readonly responseChanges = new FieldChanges();
  readonly #scope: TemplateScope;
  #locals: Record<string, unknown> | null = null;

  constructor(scope: TemplateScope) {
    this.#scope = scope;
  }

  get locals(): Record<string, unknown> {
    return (this.#locals ??= {});
  }

  /** The one of this exchange. */
  static of(scope: HookableScope): HookedRequest {
    return (scope.hooked ??= new HookedRequest(scope));
  }

  get method(): string {
    return this.#scope.method;
  }
  get target(): string {
    return this.#scope.target;
  }
  get path(): string {
    return this.#scope.path;
  }
  get query(): string {
    return this.#scope.query;
  }
  get host(): string {
    return this.#scope.host;
  }
  get clientAddress(): string {
    return this.#scope.clientAddress;
  }
  get isSecure(): boolean {
    return this.#scope.isSecure;
  }
  get listener(): string {
    return this.#scope.listener;
  }
  get route(): string {
    return String(this.#scope.fact("route.name") ?? "");
  }
  get id(): string {
    return String(this.#scope.fact("request.id") ?? "");
  }
  header(name: string): string | undefined {
    return this.#scope.header(name.toLowerCase());
  }
  setHeader(name: string, value: string): void {
    this.requestChanges.set(name, value);
  }
  removeHeader(name: string): void {
    this.requestChanges.remove(name);
  }
}

export class HookedResponse implements HookResponse {
  readonly status: number;
  readonly endpoint: string;
  readonly #fields: { get(lowerName: string): string | undefined };
  readonly #changes: FieldChanges;

  constructor(
    head: { readonly status: number; readonly fields: { get(lowerName: string): string | undefined } },
    endpoint: string,
    changes: FieldChanges,
  ) {
    this.status = head.status;
    this.#fields = head.fields;
    this.endpoint = endpoint;
    this.#changes = changes;
  }

  header(name: string): string | undefined {
    return this.#fields.get(name.toLowerCase());
  }
  setHeader(name: string, value: string): void {
    this.#changes.set(name, value);
  }
  removeHeader(name: string): void {
    this.#changes.remove(name);
  }
}

/** The request with the headers that hooks wanted. */
export function withHookedChanges(
  outgoing: OutgoingRequest | null,
  { hooked }: HookableScope,
): OutgoingRequest | null {
  if (outgoing === null || hooked === null) return outgoing;
  return { ...outgoing, fieldLines: hooked.requestChanges.applyTo(outgoing.fieldLines) };
}

/** `status` is what the client is about to be answered; null when it cannot be. */
export function hookError(record: ExchangeRecord, status: number | null): HookError {
  const cause = record.cause ?? "internal-error";
  const { source, stage, sentence }: ErrorRow = errorRow(cause);
  const { detail, attemptCount: attempts } = record;
  return {
    cause,
    source,
    stage,
    sentence,
    detail,
    status,
    endpoint: record.endpoint?.name ?? null,
    attempts,
  };
}

/** A hook's answer as a response. Throws a TypeError when it is none. */
export function answerOf(answer: HookAnswer, clock: Clock): LocalResponse {
  const { status, headers = {}, body = "" } = answer;
  if (!Number.isInteger(status) || status < 200 || status > 599)
    throw new TypeError(`an answer's status is 200 to 599, not ${String(status)}`);
  if (typeof body !== "string") throw new TypeError("an answer's body is a text");
  const lines = Object.entries(headers).map(([name, value]) => fieldLine(name, value));
  const hasType = Object.keys(headers).some((name) => name.toLowerCase() === "content-type");
  const plain = plainResponse(status, hasType ? "" : body, lines.join(""), clock);
  return { ...plain, body };
}
