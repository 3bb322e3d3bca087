/**
 * The dashboard's files to browsers: the page, and its hashed assets for ever. They hold no secret and need
 * no token; what the page shows comes from the API, which does. The page may load nothing from elsewhere.
 */
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";

/** Paths below the dashboard's folder (`index.html`, `assets/index-x1y2.js`) and what they hold. */
export type DashboardFiles = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

interface Served {
  readonly plain: Uint8Array<ArrayBuffer>;
  readonly gzipped: Uint8Array<ArrayBuffer>;
  readonly headers: Readonly<Record<string, string>>;
}

const mediaTypes: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
};

const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

const alwaysSent: Readonly<Record<string, string>> = {
  "content-security-policy": contentSecurityPolicy,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  vary: "Accept-Encoding",
};

const missingPage = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Headgate</title>
<p>The dashboard is not built here. Run <code>npm run build:dashboard</code> and reload this page.
The API works without it: <a href="/openapi.json">/openapi.json</a>.</p></html>
`;

export class Dashboard {
  readonly #read: () => DashboardFiles | null;
  #served: ReadonlyMap<string, Served> | null = null;

  /** `read` is asked until it gives something: the dashboard may be built while the program runs. */
  constructor(read: () => DashboardFiles | null) {
    this.#read = read;
  }

  /** Null when the path is none of the dashboard's. */
  answer(request: Request): Response | null {
    if (request.method !== "GET" && request.method !== "HEAD") return null;
    const { pathname } = new URL(request.url);
    const isPage = pathname === "/" || pathname === "/dashboard";
    const path = isPage ? "index.html" : pathname.slice(1);
    if (!isPage && !path.startsWith("assets/")) return null;
    const served = this.#files().get(path);
    if (served !== undefined) return respond(request, served);
    return isPage ? respond(request, serve("index.html", new TextEncoder().encode(missingPage)), 503) : null;
  }

  #files(): ReadonlyMap<string, Served> {
    if (this.#served !== null) return this.#served;
    const files = this.#read();
    if (files === null) return new Map();
    this.#served = new Map([...files].map(([path, bytes]) => [path, serve(path, bytes)]));
    return this.#served;
  }
}

function serve(path: string, plain: Uint8Array<ArrayBuffer>): Served {
  const isImmutable = path.startsWith("assets/");
  return {
    plain,
    gzipped: new Uint8Array(gzipSync(plain)),
    headers: {
      ...alwaysSent,
      "content-type": mediaTypes[path.slice(path.lastIndexOf(".") + 1)] ?? "application/octet-stream",
      "cache-control": isImmutable ? "public, max-age=31536000, immutable" : "no-cache",
      etag: `"${createHash("sha256").update(plain).digest("base64url").slice(0, 22)}"`,
    },
  };
}

function respond(request: Request, { plain, gzipped, headers }: Served, status = 200): Response {
  const known = (request.headers.get("if-none-match") ?? "").split(",").map((tag) => tag.trim());
  if (status === 200 && known.includes(headers["etag"] ?? ""))
    return new Response(null, { status: 304, headers });
  const isGzipped = /\bgzip\b/.test(request.headers.get("accept-encoding") ?? "");
  const body = isGzipped ? gzipped : plain;
  const more: Record<string, string> = isGzipped ? { "content-encoding": "gzip" } : {};
  return new Response(request.method === "HEAD" ? null : body, {
    status,
    headers: { ...headers, ...more, "content-length": String(body.byteLength) },
  });
}
