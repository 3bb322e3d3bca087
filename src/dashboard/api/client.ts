/** Questions to the admin API: the token of this browser tab, JSON both ways, and problems as errors. */
import type { AdminDocument, AdminDocumentName } from "../../config/admin-documents.ts";

const tokenKey = "headgate-token";

/** Kept for this tab only; null when none was given. */
export function storedToken(): string | null {
  return sessionStorage.getItem(tokenKey);
}

export function storeToken(token: string | null): void {
  if (token === null) sessionStorage.removeItem(tokenKey);
  else sessionStorage.setItem(tokenKey, token);
}

export class ApiError extends Error {
  override readonly name = "ApiError";
  /** 0 when nobody answered. */
  readonly status: number;
  readonly code: string;
  readonly issues: NonNullable<AdminDocument<"Problem">["issues"]>;

  constructor(status: number, problem: Partial<AdminDocument<"Problem">>) {
    super(problem.detail ?? problem.title ?? `the API answered ${status}`);
    this.status = status;
    this.code = problem.code ?? "";
    this.issues = problem.issues ?? [];
  }
}

interface Question {
  readonly method?: "GET" | "POST" | "PUT" | "DELETE";
  readonly json?: unknown;
  /** A configuration. */
  readonly text?: string;
  readonly signal?: AbortSignal;
}

/** `path` without a leading slash, so that the page also works below somebody's prefix. Rejects with an ApiError. */
export async function send(path: string, question: Question = {}): Promise<Response> {
  const headers = new Headers();
  const token = storedToken();
  if (token !== null) headers.set("authorization", `Bearer ${token}`);
  if (question.json !== undefined) headers.set("content-type", "application/json");
  if (question.text !== undefined) headers.set("content-type", "application/yaml");
  const body = question.text ?? (question.json === undefined ? null : JSON.stringify(question.json));
  let response: Response;
  try {
    const { method = "GET", signal = null } = question;
    response = await fetch(path, { method, headers, body, signal, cache: "no-store", credentials: "omit" });
  } catch (error) {
    if (question.signal?.aborted === true) throw error;
    throw new ApiError(0, { detail: "Headgate does not answer" });
  }
  if (response.ok) return response;
  const problem = (await response.json().catch(() => ({}))) as Partial<AdminDocument<"Problem">>;
  throw new ApiError(response.status, problem);
}

/** The answer as the document that the operation gives. */
export async function ask<Name extends AdminDocumentName>(
  _document: Name,
  path: string,
  question: Question = {},
): Promise<AdminDocument<Name>> {
  const response = await send(path, question);
  return (await response.json()) as AdminDocument<Name>;
}

/** `v1/pools/app/endpoints/b1`, names encoded. */
export function endpointPath(pool: string, endpoint: string): string {
  return `v1/pools/${encodeURIComponent(pool)}/endpoints/${encodeURIComponent(endpoint)}`;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
