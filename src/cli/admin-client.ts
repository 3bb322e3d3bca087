/** Speaks to a running Headgate's admin API for the verbs, and turns its problems into sentences. */
import http from "node:http";
import https from "node:https";
import type { AdminDocument, AdminDocumentName } from "../config/admin-documents.ts";
import { UserError } from "./failure.ts";

export interface AdminTarget {
  /** `http://127.0.0.1:9900`, `127.0.0.1:9900` or `unix:/run/headgate.sock`. */
  readonly url: string;
  readonly token: string | null;
}

export interface AdminRequestOptions {
  readonly body?: unknown;
  /** A configuration's text instead of a body. */
  readonly text?: string;
  /** The revision that must be in force; null for any. */
  readonly revision?: number | null;
}

const timeoutMs = 30_000;

export class AdminClient {
  readonly #target: AdminTarget;

  constructor(target: AdminTarget) {
    this.#target = target;
  }

  async get<Name extends AdminDocumentName>(_name: Name, path: string): Promise<AdminDocument<Name>> {
    return (await this.#send("GET", path, {})) as AdminDocument<Name>;
  }

  /** Rejects with a UserError, also when the API answers with a problem. */
  async send<Name extends AdminDocumentName>(
    _name: Name,
    method: "POST" | "PUT" | "DELETE",
    path: string,
    options: AdminRequestOptions = {},
  ): Promise<AdminDocument<Name>> {
    return (await this.#send(method, path, options)) as AdminDocument<Name>;
  }

  /** Calls back for each event until the stream ends. */
  async follow(path: string, onEvent: (event: AdminDocument<"Event">) => void): Promise<void> {
    await this.stream(path, (_, document) => onEvent(document as AdminDocument<"Event">));
  }

  /** The same for a stream of several kinds of document; `kind` is the event's name. */
  async stream(path: string, onEvent: (kind: string, document: unknown) => void): Promise<void> {
    const response = await this.#open("GET", path, {}, null);
    if (response.statusCode !== 200) throw problemIn(await textOf(response), response.statusCode ?? 0);
    let rest = "";
    for await (const chunk of response.setEncoding("utf8") as AsyncIterable<string>) {
      const blocks = (rest + chunk).split("\n\n");
      rest = blocks.pop() ?? "";
      for (const block of blocks) {
        const data = /^data: (.*)$/m.exec(block)?.[1];
        const kind = /^event: (.*)$/m.exec(block)?.[1] ?? "message";
        if (data !== undefined) onEvent(kind, JSON.parse(data));
      }
    }
  }

  async #send(method: string, path: string, options: AdminRequestOptions): Promise<unknown> {
    const response = await this.#open(method, path, options, timeoutMs);
    const text = await textOf(response);
    if ((response.statusCode ?? 0) >= 300) throw problemIn(text, response.statusCode ?? 0);
    try {
      return JSON.parse(text) as unknown;
    } catch {
      throw new UserError(`${this.#target.url} answered, but not as Headgate's admin API does.`);
    }
  }

  #open(
    method: string,
    path: string,
    { body, text, revision = null }: AdminRequestOptions,
    timeout: number | null,
  ): Promise<http.IncomingMessage> {
    const payload = text ?? (body === undefined ? null : JSON.stringify(body));
    const headers: Record<string, string> = {};
    if (payload !== null)
      headers["content-type"] = text === undefined ? "application/json" : "application/yaml";
    if (this.#target.token !== null) headers["authorization"] = `Bearer ${this.#target.token}`;
    if (revision !== null) headers["if-match"] = `"${revision}"`;
    const place = placeOf(this.#target.url);
    return new Promise((resolve, reject) => {
      const client = place.isSecure ? https : http;
      const request = client.request({ ...place.options, method, path, headers }, resolve);
      if (timeout !== null)
        request.setTimeout(timeout, () => request.destroy(new Error("no answer in time")));
      request.once("error", (error: NodeJS.ErrnoException) => reject(explain(error, this.#target.url)));
      request.end(payload ?? undefined);
    });
  }
}

interface Place {
  readonly isSecure: boolean;
  readonly options: http.RequestOptions;
}

function placeOf(url: string): Place {
  const socketPath = /^unix:(?:\/\/)?(\/.+)$/.exec(url)?.[1];
  if (socketPath !== undefined)
    return { isSecure: false, options: { socketPath, headers: {}, host: "localhost" } };
  const full = url.includes("://") ? url : `http://${url}`;
  if (!URL.canParse(full))
    throw new UserError(
      `'${url}' is no address of an admin API, such as 127.0.0.1:9900 or unix:/run/headgate.sock.`,
    );
  const { protocol, hostname, port } = new URL(full);
  const isSecure = protocol === "https:";
  // An address in brackets is one for URLs only.
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  return { isSecure, options: { host, port: port === "" ? (isSecure ? 443 : 80) : Number(port) } };
}

async function textOf(response: http.IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of response.setEncoding("utf8") as AsyncIterable<string>) text += chunk;
  return text;
}

function explain(error: NodeJS.ErrnoException, url: string): UserError {
  const where = `${url} (--url, HEADGATE_ADMIN)`;
  switch (error.code) {
    case "ECONNREFUSED":
    case "ENOENT":
      return new UserError(
        `nobody listens at ${where}. Is Headgate running, with \`admin: 127.0.0.1:9900\` in its configuration?`,
      );
    case "EACCES":
      return new UserError(`this user may not open ${where}.`);
    default:
      return new UserError(`cannot reach ${where}: ${error.message}.`);
  }
}

/** A problem as a person reads it, with every issue of a configuration. */
function problemIn(text: string, status: number): UserError {
  let problem: AdminDocument<"Problem">;
  try {
    problem = JSON.parse(text) as AdminDocument<"Problem">;
  } catch {
    return new UserError(`the answer was ${status}, and not one of Headgate's admin API.`);
  }
  const hints: Readonly<Record<string, string>> = {
    "no-token": " Give one with HEADGATE_TOKEN or --token.",
    "wrong-token": " Look at HEADGATE_TOKEN.",
  };
  return new UserError(
    [`${problem.detail}.${hints[problem.code] ?? ""}`, ...issueLines(problem.issues ?? [])].join("\n"),
  );
}

/** `headgate.yaml:13:1: error: …`, one after the other. */
export function issueLines(issues: NonNullable<AdminDocument<"Problem">["issues"]>): string[] {
  return issues.map(({ location, severity, message, found, allowed, suggestion }) => {
    const place =
      location === null
        ? ""
        : `${location.source}${location.line === 0 ? "" : `:${location.line}:${location.column}`}: `;
    const facts = [
      found === null ? "" : `\n    found ${found}`,
      allowed === null ? "" : `\n    allowed is ${allowed}`,
      suggestion === null ? "" : `\n    did you mean '${suggestion}'?`,
    ];
    return `  ${place}${severity}: ${message}${facts.join("")}`;
  });
}
