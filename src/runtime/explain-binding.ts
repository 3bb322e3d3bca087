/** Explains a sticky binding: whether the request carries one, to whom, and whether it would be followed. */
import type { PoolConfig } from "../config/schema-pool.ts";
import type { Clock } from "../core/clock.ts";
import { cookieValue } from "../core/request-values.ts";
import type { TemplateScope } from "../core/template-scope.ts";
import type { ExplainedMember } from "./explain-member.ts";
import type { SharedState } from "./shared-state.ts";
import { createSticky } from "./sticky.ts";

export interface StickyExplanation {
  readonly kind: "cookie" | "route" | "learn";
  readonly fallback: "rebind" | "reject";
  /** The endpoint that the request is bound to; null for none, or for one that is gone. */
  readonly boundTo: string | null;
  /** The binding will be followed. */
  readonly isUsable: boolean;
  /** In a sentence. */
  readonly says: string;
}

export interface ExplainBindingParts {
  readonly shared: SharedState;
  readonly clock: Clock;
  readonly request: TemplateScope;
  readonly pool: string;
}

/** Null for a pool that binds nobody. */
export function explainBinding(
  { shared, clock, request, pool }: ExplainBindingParts,
  config: PoolConfig,
  members: readonly ExplainedMember[],
): StickyExplanation | null {
  const sharedPool = shared.pools.get(pool);
  if (config.sticky === null || sharedPool === undefined) return null;
  const { kind, fallback } = config.sticky;
  const numbers = new Map(members.map((member) => [member, member.shared.number]));
  const bound =
    createSticky(pool, config, sharedPool.sticky, numbers)?.boundTo(request, clock.nowMs()) ?? null;
  const otherwise = fallback === "reject" ? "the request is refused" : "another is chosen and bound";
  if (bound === null) {
    return { kind, fallback, boundTo: null, isUsable: false, says: unboundText(config.sticky, request) };
  }
  if (bound === "gone") {
    return {
      kind,
      fallback,
      boundTo: null,
      isUsable: false,
      says: `bound to an endpoint that is gone: ${otherwise}`,
    };
  }
  const isLeftAlone = fallback === "rebind" && bound.restMs > 0;
  const isUsable = bound.state.isReachable && !bound.state.isFull && !bound.isPenalized && !isLeftAlone;
  const says = isUsable
    ? `bound to ${bound.name}`
    : `bound to ${bound.name}, which cannot serve it: ${otherwise}`;
  return { kind, fallback, boundTo: bound.name, isUsable, says };
}

function unboundText(sticky: NonNullable<PoolConfig["sticky"]>, request: TemplateScope): string {
  if (sticky.kind !== "cookie") return "the request is bound to no endpoint";
  const isThere = cookieValue(request.header("cookie"), sticky.name) !== undefined;
  return isThere
    ? `its cookie ${sticky.name} was not signed for this pool with this secret: another is chosen and bound`
    : `it brings no cookie ${sticky.name}: whoever answers binds it`;
}
