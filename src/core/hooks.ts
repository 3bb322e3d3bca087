/**
 * Hooks: functions of the user's that are asked about requests, responses and errors. Only their shapes
 * stand here, because the configuration names them and the proxy calls them.
 */
import type { Cause, ErrorSource, ErrorStage } from "./errors.ts";

/** Any of the three may be left out. A hook may be `async`; then the exchange waits for it, within limits. */
export interface Hooks {
  /**
   * Asked once the route is known and its other conditions are met, before anything is sent. May change
   * headers of the request, or answer in place of an endpoint by returning an answer.
   */
  onRequest?(request: HookRequest): HookResult;
  /**
   * Asked when an endpoint's response head has come and will be used. May change headers of the response,
   * or replace it by returning an answer.
   */
  onResponse?(request: HookRequest, response: HookResponse): HookResult;
  /**
   * Told of every exchange that Headgate itself answers with an error or breaks off. While the client can
   * still be answered, what it returns takes the error's place.
   */
  onError?(request: HookRequest, error: HookError): HookResult;
}

/** Nothing lets things take their course. */
export type HookResult = HookAnswer | undefined | void | Promise<HookAnswer | undefined | void>;

/** An answer made by a hook. */
export interface HookAnswer {
  /** 200 to 599. */
  readonly status: number;
  /** One line each. Content-Type is `text/plain` unless given. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as UTF-8; empty by default. */
  readonly body?: string;
}

/** A request; the three hooks of one exchange are given the same object. */
export interface HookRequest {
  readonly method: string;
  /** Path and query as the client sent them. */
  readonly target: string;
  readonly path: string;
  /** Without `?`; "" when there is none. */
  readonly query: string;
  /** Lower case, without the port. */
  readonly host: string;
  /** The client by the rules of trusted proxies. */
  readonly clientAddress: string;
  readonly isSecure: boolean;
  readonly listener: string;
  /** Name of the route; "" when none matched. */
  readonly route: string;
  /** The request's identifier; made when first asked for. */
  readonly id: string;
  /** A place for what one hook wants to tell a later one. */
  readonly locals: Record<string, unknown>;
  /** A header as the client sent it, whatever the case of its name; repeated ones are joined. */
  header(name: string): string | undefined;
  /** Sends the endpoint this header in place of any that is there. In `onRequest` only. */
  setHeader(name: string, value: string): void;
  /** In `onRequest` only. */
  removeHeader(name: string): void;
}

export interface HookResponse {
  readonly status: number;
  /** Name of the endpoint. */
  readonly endpoint: string;
  /** A header as the endpoint sent it. */
  header(name: string): string | undefined;
  /** Sends the client this header in place of any that is there. */
  setHeader(name: string, value: string): void;
  removeHeader(name: string): void;
}

/** See `docs/errors.md` for the causes. */
export interface HookError {
  readonly cause: Cause;
  readonly source: ErrorSource;
  readonly stage: ErrorStage;
  /** The cause in a sentence. */
  readonly sentence: string;
  /** The system's code or a parser's remark; "" when there is none. */
  readonly detail: string;
  /** What the client is about to be answered; null when it cannot be answered any more. */
  readonly status: number | null;
  /** The endpoint that was tried last. */
  readonly endpoint: string | null;
  /** Attempts at endpoints. */
  readonly attempts: number;
}
