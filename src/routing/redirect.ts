/** Redirects: a status and where to. */
import { evaluateForHeader, type Template } from "../core/template.ts";
import type { TemplateScope } from "../core/template-scope.ts";
import { compileField, type TemplateContext } from "./template-field.ts";
import { escapeUrl } from "./url-text.ts";

export interface RedirectSpec {
  /** A template: a URL, or a path on the same host. */
  readonly to: string;
  /** 300–399. */
  readonly status: number;
}

export interface Redirect {
  readonly status: number;
  readonly location: Template;
  /** The template begins with a single slash, so no value may make it name another host. */
  readonly staysOnHost: boolean;
}

export function compileRedirect(spec: RedirectSpec, field: string, context: TemplateContext): Redirect {
  if (!Number.isInteger(spec.status) || spec.status < 300 || spec.status > 399) {
    context.sink.report(`${field}.status`, `${spec.status} is not the status of a redirect`);
  }
  const staysOnHost = !/^(?:[A-Za-z][A-Za-z0-9+.-]*:|\/\/|\$\{request\.scheme\})/.test(spec.to);
  return {
    status: spec.status,
    location: compileField(spec.to, `${field}.to`, "route", context),
    staysOnHost,
  };
}

/**
 * The value of Location. Where the template names no scheme or host of its own, neither does the result,
 * whatever a client sent: `//evil.example` becomes `/evil.example`, and `https:x` becomes `./https:x`.
 */
export function locationOf(redirect: Redirect, scope: TemplateScope): string {
  const url = escapeUrl(evaluateForHeader(redirect.location, scope));
  if (!redirect.staysOnHost) return url;
  const local = url.replace(/^(?:\/|%5C)*\/(?:\/|%5C)*/i, "/");
  return /^[^/?#]*:/.test(local) ? `./${local}` : local;
}
