/**
 * Requests to an ACME server: bounded in time and size, over HTTPS with the authorities of the account.
 * Refusals become AcmeErrors here, where their type and Retry-After are still to be seen.
 */
import { type Dispatcher, Agent, request } from "undici";
import { AcmeError, type AcmeFault } from "../core/acme.ts";

const requestTimeoutMs = 20_000;
const answerBytesMax = 1024 * 1024;
const dayMs = 86_400_000;
const problemPrefix = "urn:ietf:params:acme:error:";

/** What the ACME library wants to see of an answer. */
export interface AcmeAnswerData {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly data: unknown;
}

interface RequestOptions {
  readonly data?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export class AcmeTransport {
  readonly #agent: Agent;

  constructor(caPem: string | null) {
    this.#agent = new Agent({
      connect: { timeout: requestTimeoutMs, ...(caPem === null ? {} : { ca: caPem }) },
    });
  }

  /** Rejects with an AcmeError, but lets `badNonce` pass, which the library answers with a new try. */
  async request(url: string, method: string, options: RequestOptions = {}): Promise<AcmeAnswerData> {
    const { statusCode: status, headers: rawHeaders, body } = await this.#send(url, method, options);
    const headers: Record<string, string | undefined> = {};
    for (const [name, value] of Object.entries(rawHeaders))
      headers[name] = Array.isArray(value) ? value.join(", ") : value;
    const data = parseBody(await this.#text(body, url), headers["content-type"] ?? "");
    const answer = { status, headers, data };
    if (status >= 400 && typeOf(data) !== "badNonce") throw refusal(url, answer);
    return answer;
  }

  close(): void {
    void this.#agent.destroy();
  }

  async #send(url: string, method: string, options: RequestOptions): Promise<Dispatcher.ResponseData> {
    try {
      return await request(url, {
        method: method.toUpperCase(),
        dispatcher: this.#agent,
        headers: { "user-agent": "headgate", ...options.headers },
        headersTimeout: requestTimeoutMs,
        bodyTimeout: requestTimeoutMs,
        ...(options.data === undefined ? {} : { body: JSON.stringify(options.data) }),
      });
    } catch (error) {
      throw unreachable(url, error);
    }
  }

  async #text(body: Dispatcher.ResponseData["body"], url: string): Promise<string> {
    const parts: Buffer[] = [];
    let bytes = 0;
    try {
      for await (const part of body) {
        const chunk = part as Buffer;
        bytes += chunk.length;
        if (bytes > answerBytesMax) throw new Error("the answer is too long");
        parts.push(chunk);
      }
    } catch (error) {
      throw unreachable(url, error);
    }
    return Buffer.concat(parts).toString("utf8");
  }
}

function unreachable(url: string, error: unknown): AcmeError {
  const { code, message } = error as NodeJS.ErrnoException;
  return new AcmeError("unreachable", `no answer from ${new URL(url).host}: ${code ?? message}`);
}

function parseBody(text: string, contentType: string): unknown {
  if (!/[/+]json\b/.test(contentType)) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function problemOf(data: unknown): { readonly type?: unknown; readonly detail?: unknown } {
  return typeof data === "object" && data !== null ? data : {};
}

/** `rateLimited`, `badNonce`; "" when it is no problem document. */
function typeOf(data: unknown): string {
  const { type } = problemOf(data);
  return typeof type === "string" && type.startsWith(problemPrefix) ? type.slice(problemPrefix.length) : "";
}

function refusal(url: string, { status, headers, data }: AcmeAnswerData): AcmeError {
  const type = typeOf(data);
  const { detail } = problemOf(data);
  const what = typeof detail === "string" ? detail : `status ${status}`;
  const fault: AcmeFault =
    status === 429 || type === "rateLimited" ? "rate-limited" : status >= 500 ? "unreachable" : "refused";
  const message = `${new URL(url).host} says${type === "" ? "" : ` ${type}`}: ${what.slice(0, 500)}`;
  return new AcmeError(fault, message, retryAfterMs(headers["retry-after"]), type);
}

/** Seconds or a date (RFC 9110 §10.2.3), at most a week. */
function retryAfterMs(text: string | undefined, nowMs = Date.now()): number | null {
  if (text === undefined) return null;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return Number.isFinite(ms) && ms > 0 ? Math.min(ms, 7 * dayMs) : null;
}
