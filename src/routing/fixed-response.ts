/** Responses made here: status, headers and body, the latter two of templates. */
import { evaluate, evaluateForHeader, type Template } from "../core/template.ts";
import type { TemplateScope, TemplateStage } from "../core/template-scope.ts";
import { compileHeaderEdits } from "./header-edits.ts";
import { compileField, type TemplateContext } from "./template-field.ts";

export interface FixedResponseSpec {
  /** 200–599. */
  readonly status: number;
  readonly body: string;
  readonly contentType: string;
  /** Name → template. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface FixedResponse {
  readonly status: number;
  readonly body: Template;
  /** Content-Type first. */
  readonly headers: readonly (readonly [name: string, value: Template])[];
}

/** `stage` is `response` for error pages, which know the status they stand for. */
export function compileFixedResponse(
  spec: FixedResponseSpec,
  field: string,
  context: TemplateContext,
  stage: TemplateStage = "route",
): FixedResponse {
  if (!Number.isInteger(spec.status) || spec.status < 200 || spec.status > 599) {
    context.sink.report(`${field}.status`, `${spec.status} is not the status of a final response`);
  }
  const body = compileField(spec.body, `${field}.body`, stage, context);
  if (spec.body !== "" && (spec.status === 204 || spec.status === 304)) {
    context.sink.report(`${field}.body`, `a response with status ${spec.status} has no body`);
  }
  const type = compileField(spec.contentType, `${field}.contentType`, stage, context);
  const { adds } = compileHeaderEdits({ set: spec.headers }, "response", `${field}.headers`, context, stage);
  const given = adds.some(([name]) => name.toLowerCase() === "content-type");
  return { status: spec.status, body, headers: given ? adds : [["Content-Type", type], ...adds] };
}

/** The response for one request; `body` is text to be sent as UTF-8, headers are octets. Empty headers are left out. */
export function fixedResponseFor(
  response: FixedResponse,
  scope: TemplateScope,
): {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
} {
  const headers = response.headers
    .map(([name, value]) => [name, evaluateForHeader(value, scope)] as const)
    .filter(([, value]) => value !== "");
  return { status: response.status, headers, body: evaluate(response.body, scope) };
}
