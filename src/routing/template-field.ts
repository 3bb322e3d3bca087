/** Compiles the templates of a route's actions, with problems reported where the route's other ones are. */
import { compileTemplate, templateOf, type Template } from "../core/template.ts";
import type { TemplateStage } from "../core/template-scope.ts";
import type { ProblemSink } from "./route-spec.ts";

/** What templates of one route may refer to. */
export interface TemplateContext {
  readonly sink: ProblemSink;
  /** From `captureNamesOf`; null where captures cannot be known. */
  readonly captures: readonly string[] | null;
  /** Collects the variables that templates use, where somebody asks. */
  readonly used?: Set<string>;
}

/** On a problem, reports it and gives an empty template. */
export function compileField(
  source: string,
  field: string,
  stage: TemplateStage,
  context: TemplateContext,
): Template {
  const options = context.captures === null ? { stage } : { stage, captures: context.captures };
  const result = compileTemplate(source, options);
  if (result.isOk) {
    for (const variable of result.template.variables) context.used?.add(variable);
    return result.template;
  }
  for (const { offset, problem, fix } of result.problems) {
    context.sink.report(field, `character ${offset + 1}: ${problem}`, fix);
  }
  return templateOf("");
}
