/** A request that nobody sent: what routing and templates would see of it. For explanations and for routing assertions. */
import type { ExchangeFact, TemplateScope } from "../core/template-scope.ts";

export interface RequestSketch {
  /** Default GET. */
  readonly method?: string;
  /** `http://host[:port]/path?query`, or a path alone (for the first listener, host `localhost`). */
  readonly url: string;
  /** Names in any case; repeated ones are joined. A Host here beats the URL's. */
  readonly headers?: readonly (readonly [string, string])[];
  /** Default 127.0.0.1. */
  readonly clientAddress?: string;
  /** Name of the listener; the first one unless given. */
  readonly listener?: string;
}

/** What is wrong with a sketch, in a sentence. */
export class SketchError extends Error {
  override readonly name = "SketchError";
}

export class HypotheticalRequest implements TemplateScope {
  readonly method: string;
  readonly target: string;
  readonly path: string;
  readonly query: string;
  readonly host: string;
  readonly clientAddress: string;
  readonly isSecure: boolean;
  readonly listener: string;
  captures: Readonly<Record<string, string>> = {};
  readonly #headers = new Map<string, string>();

  /** Throws a SketchError. */
  constructor(sketch: RequestSketch, firstListener: string) {
    const parts = urlParts(sketch.url);
    for (const [name, value] of sketch.headers ?? []) this.#addHeader(name.toLowerCase(), value);
    if (!this.#headers.has("host")) this.#headers.set("host", parts.authority);
    this.method = (sketch.method ?? "GET").toUpperCase();
    if (!/^[!#$%&'*+\-.^_`|~0-9A-Z]+$/.test(this.method))
      throw new SketchError(`'${sketch.method}' is no method`);
    this.isSecure = parts.isSecure;
    this.target = parts.target;
    const question = parts.target.indexOf("?");
    this.path = question < 0 ? parts.target : parts.target.slice(0, question);
    this.query = question < 0 ? "" : parts.target.slice(question + 1);
    this.host = (this.#headers.get("host") ?? "").replace(/:[0-9]*$/, "").toLowerCase();
    this.clientAddress = sketch.clientAddress ?? "127.0.0.1";
    this.listener = sketch.listener ?? firstListener;
  }

  header(lowerName: string): string | undefined {
    return this.#headers.get(lowerName);
  }
  capture(name: string): string | undefined {
    return this.captures[name];
  }
  responseHeader(): undefined {
    return undefined;
  }
  fact(name: ExchangeFact): string | undefined {
    return name === "peer.address" ? this.clientAddress : undefined;
  }
  wallMs(): number {
    return 0;
  }

  #addHeader(name: string, value: string): void {
    const before = this.#headers.get(name);
    this.#headers.set(
      name,
      before === undefined ? value : `${before}${name === "cookie" ? "; " : ", "}${value}`,
    );
  }
}

/** Not `new URL`, which would tidy the path up: routing is about the path as it was sent. */
function urlParts(url: string): { isSecure: boolean; authority: string; target: string } {
  if (url.startsWith("/")) return { isSecure: false, authority: "localhost", target: withoutFragment(url) };
  const match = /^(https?):\/\/([^/?#]+)([^#]*)/i.exec(url);
  if (match === null)
    throw new SketchError(`'${url}' is neither a URL such as http://example.com/path nor a path`);
  const [, scheme = "", authority = "", rest = ""] = match;
  return {
    isSecure: scheme.toLowerCase() === "https",
    authority: authority.slice(authority.lastIndexOf("@") + 1),
    target: rest.startsWith("/") ? rest : `/${rest}`,
  };
}

function withoutFragment(target: string): string {
  const hash = target.indexOf("#");
  return hash < 0 ? target : target.slice(0, hash);
}
