/** Sticky sessions of a pool: the memory that workers share for them, and the kind its configuration asks for. */
import { randomBytes } from "node:crypto";
import type { PoolConfig } from "../config/schema-pool.ts";
import { assert } from "../core/assert.ts";
import type { Random } from "../core/random.ts";
import { templateOf } from "../core/template.ts";
import { SessionTable, type SessionTableSettings } from "../limits/session-table.ts";
import { ApplicationRoute } from "../upstream/sticky/application-route.ts";
import { cookieAttributes, InsertedCookie } from "../upstream/sticky/inserted-cookie.ts";
import { LearnedSessions } from "../upstream/sticky/learned-sessions.ts";
import type { Sticky, StickyTarget } from "../upstream/sticky/sticky.ts";
import type { StickyShare } from "./snapshot.ts";

type StickyConfig = NonNullable<PoolConfig["sticky"]>;

/** `before` goes on where it still fits: bindings survive a reload. */
export function stickyShare(pool: PoolConfig, before: StickyShare | undefined, random: Random): StickyShare {
  const { sticky } = pool;
  const secret = before?.secret ?? randomBytes(32).toString("base64url");
  if (sticky?.kind !== "learn") return { secret, sessions: null, text: "" };
  const settings = tableSettings(sticky);
  const text = JSON.stringify(settings);
  if (before?.text === text) return before;
  return { secret, sessions: SessionTable.create(settings, random).buffer, text };
}

/** Null for a pool that binds nobody. `numbers`: of the endpoints, the same in all workers. */
export function createSticky<E extends StickyTarget>(
  pool: string,
  { sticky }: PoolConfig,
  share: StickyShare,
  numbers: ReadonlyMap<E, number>,
): Sticky<E> | null {
  if (sticky === null) return null;
  const isRejecting = sticky.fallback === "reject";
  const endpoints = [...numbers.keys()];
  switch (sticky.kind) {
    case "cookie": {
      const secret = sticky.secret ?? share.secret;
      const attributes = cookieAttributes({
        path: sticky.path,
        domain: sticky.domain,
        maxAgeMs: sticky.maxAge,
        isSecure: sticky.secure,
        isHttpOnly: sticky.httpOnly,
        sameSite: sticky.sameSite,
      });
      return new InsertedCookie({ name: sticky.name, attributes, secret, pool, isRejecting }, endpoints);
    }
    case "route":
      return new ApplicationRoute(templateOf(sticky.value, { stage: "request" }), isRejecting, endpoints);
    case "learn": {
      assert(share.sessions !== null, "a pool that learns sessions has a table for them");
      const response = templateOf(sticky.response, { stage: "response" });
      const request = templateOf(sticky.request, { stage: "request" });
      const memory = SessionTable.attach(share.sessions, tableSettings(sticky));
      return new LearnedSessions({ response, request, isRejecting }, memory, numbers);
    }
  }
}

function tableSettings({
  timeout,
  sessionsMax,
}: Extract<StickyConfig, { kind: "learn" }>): SessionTableSettings {
  return { timeoutMs: timeout, sessionsMax };
}
