/**
 * Binding by a cookie of Headgate's own: `<endpoint's mark>.<signature>`. Both are HMACs under the pool's
 * secret, so a cookie gives no name or address away and nobody can make one up. All cookies of a pool
 * are written out beforehand: a request costs one look-up, and a signature is verified only where it
 * matters whether an unknown cookie was once good.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { cookieValue } from "../../core/request-values.ts";
import type { TemplateScope } from "../../core/template-scope.ts";
import type { Binding, Sticky, StickyTarget } from "./sticky.ts";

export interface CookieSettings {
  readonly name: string;
  /** `; Path=/; HttpOnly`, beginning with a semicolon. */
  readonly attributes: string;
  readonly secret: string;
  /** Cookies of one pool mean nothing to another. */
  readonly pool: string;
  readonly isRejecting: boolean;
}

const partLength = 16;

export class InsertedCookie<E extends StickyTarget> implements Sticky<E> {
  readonly isRejecting: boolean;
  readonly #settings: CookieSettings;
  readonly #endpoints = new Map<string, E>();
  readonly #lines = new Map<E, string>();

  constructor(settings: CookieSettings, endpoints: readonly E[]) {
    this.isRejecting = settings.isRejecting;
    this.#settings = settings;
    for (const endpoint of endpoints) {
      const mark = this.#hmac("endpoint", endpoint.name);
      const value = `${mark}.${this.#hmac("mark", mark)}`;
      this.#endpoints.set(value, endpoint);
      this.#lines.set(endpoint, `Set-Cookie: ${settings.name}=${value}${settings.attributes}\r\n`);
    }
  }

  boundTo(request: TemplateScope): Binding<E> {
    const value = cookieValue(request.header("cookie"), this.#settings.name);
    if (value === undefined) return null;
    const endpoint = this.#endpoints.get(value);
    if (endpoint !== undefined) return endpoint;
    return this.isRejecting && this.#isOurs(value) ? "gone" : null;
  }

  answered(_request: TemplateScope, endpoint: E, bound: Binding<E>): string {
    return endpoint === bound ? "" : (this.#lines.get(endpoint) ?? "");
  }

  #isOurs(value: string): boolean {
    const [mark = "", signature = ""] = value.split(".", 2);
    if (mark.length !== partLength || signature.length !== partLength) return false;
    return timingSafeEqual(Buffer.from(signature, "latin1"), Buffer.from(this.#hmac("mark", mark), "latin1"));
  }

  /** 96 bits in base64url. */
  #hmac(purpose: string, text: string): string {
    const { secret, pool } = this.#settings;
    const hmac = createHmac("sha256", secret).update(JSON.stringify([purpose, pool, text]));
    return hmac.digest("base64url").slice(0, partLength);
  }
}

export interface CookieAttributes {
  readonly path: string;
  readonly domain: string | null;
  /** 0 for a cookie that ends with the browser's session. */
  readonly maxAgeMs: number;
  readonly isSecure: boolean;
  readonly isHttpOnly: boolean;
  readonly sameSite: "lax" | "strict" | "none";
}

export function cookieAttributes(attributes: CookieAttributes): string {
  const { path, domain, maxAgeMs, isSecure, isHttpOnly, sameSite } = attributes;
  const sameSites = { lax: "Lax", strict: "Strict", none: "None" } as const;
  let text = `; Path=${path}`;
  if (domain !== null) text += `; Domain=${domain}`;
  if (maxAgeMs > 0) text += `; Max-Age=${Math.ceil(maxAgeMs / 1000)}`;
  if (isSecure) text += "; Secure";
  if (isHttpOnly) text += "; HttpOnly";
  return `${text}; SameSite=${sameSites[sameSite]}`;
}
