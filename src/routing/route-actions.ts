/**
 * Everything a route does to a request besides choosing its pool, compiled in one go with all problems
 * told. Each part lives in a file of its own.
 */
import { compileAccess, type Access, type AccessSpec } from "./access.ts";
import { BasicAuth, type BasicAuthSpec } from "./basic-auth.ts";
import { compileFixedResponse, type FixedResponse, type FixedResponseSpec } from "./fixed-response.ts";
import { compileHeaderEdits, noHeaderEdits, type HeaderEdits, type HeaderEditsSpec } from "./header-edits.ts";
import { compileRedirect, type Redirect, type RedirectSpec } from "./redirect.ts";
import { compileRewrite, type Rewrite, type RewriteSpec } from "./rewrite.ts";
import { captureNamesOf } from "./route-entry.ts";
import type { MatchSpec, RouteProblem } from "./route-spec.ts";
import { compileSplit, type Split, type SplitSpec } from "./split.ts";

/** Null or absent: the route does not do it. */
export interface RouteActionsSpec {
  readonly redirect?: RedirectSpec | null;
  readonly respond?: FixedResponseSpec | null;
  readonly rewrite?: RewriteSpec | null;
  readonly requestHeaders?: HeaderEditsSpec | null;
  readonly responseHeaders?: HeaderEditsSpec | null;
  readonly access?: AccessSpec | null;
  readonly basicAuth?: BasicAuthSpec | null;
  readonly split?: SplitSpec | null;
}

export interface RouteActions {
  readonly redirect: Redirect | null;
  readonly respond: FixedResponse | null;
  readonly rewrite: Rewrite | null;
  readonly requestHeaders: HeaderEdits;
  readonly responseHeaders: HeaderEdits;
  readonly access: Access | null;
  readonly basicAuth: BasicAuth | null;
  readonly split: Split | null;
}

export interface CompiledActions {
  readonly actions: RouteActions;
  /** For `RouteSpec.needsCaptures`: does any template here name a capture? */
  readonly needsCaptures: boolean;
  /** Empty when all is well; the actions are not to be used otherwise. */
  readonly problems: readonly RouteProblem[];
}

/** `match` is the route's own: it says which captures templates may name. */
export function compileRouteActions(
  route: string,
  match: MatchSpec | undefined,
  spec: RouteActionsSpec,
): CompiledActions {
  const problems: RouteProblem[] = [];
  const sink = {
    report: (field: string, problem: string, fix: string | null = null) => {
      problems.push({ route, field, problem, fix });
    },
  };
  const used = new Set<string>();
  const context = { sink, captures: captureNamesOf(match), used };
  const { redirect, respond, rewrite, requestHeaders, responseHeaders, access, basicAuth, split } = spec;
  const actions: RouteActions = {
    redirect: redirect ? compileRedirect(redirect, "redirect", context) : null,
    respond: respond ? compileFixedResponse(respond, "respond", context) : null,
    rewrite: rewrite ? compileRewrite(rewrite, "rewrite", context) : null,
    requestHeaders: requestHeaders
      ? compileHeaderEdits(requestHeaders, "request", "requestHeaders", context)
      : noHeaderEdits,
    responseHeaders: responseHeaders
      ? compileHeaderEdits(responseHeaders, "response", "responseHeaders", context)
      : noHeaderEdits,
    access: access ? compileAccess(access, "access", sink) : null,
    basicAuth: basicAuth ? new BasicAuth(basicAuth, "basicAuth", sink) : null,
    split: split ? compileSplit(split, "split", context) : null,
  };
  const needsCaptures = [...used].some((variable) => variable.startsWith("capture."));
  return { actions, needsCaptures, problems };
}
