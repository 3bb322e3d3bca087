/** The published document, OpenAPI 3.1, made from the table of operations and the schemas that check them. */
import { adminJsonSchemas } from "../config/admin-documents.ts";
import type { AnswerKind, Operation } from "./operation.ts";
import { problemCodes } from "./problem.ts";

type Json = Record<string, unknown>;

export function openApiDocument(operations: readonly Operation[], version: string): Json {
  const paths: Record<string, Json> = {};
  for (const operation of operations) {
    const methods = (paths[operation.path] ??= {});
    methods[operation.method.toLowerCase()] = operationObject(operation);
  }
  return {
    openapi: "3.1.1",
    info: {
      title: "Headgate's admin API",
      version,
      description:
        "Errors are problem+json (RFC 9457) with a stable `code`. Answers carry the revision of the configuration in " +
        "ETag; operations that change it take If-Match and answer 412 when somebody else was faster.",
    },
    paths,
    components: {
      schemas: adminJsonSchemas(),
      securitySchemes: {
        read: { type: "http", scheme: "bearer", description: "A token of scope read or write" },
        write: { type: "http", scheme: "bearer", description: "A token of scope write" },
      },
      responses: {
        Problem: { description: problemText(), content: { "application/problem+json": ref("Problem") } },
      },
    },
  };
}

function operationObject(operation: Operation): Json {
  const { id, summary, scope, takes, answers, statuses = [200] } = operation;
  const content = { [mediaType(answers)]: answerSchema(answers) };
  return {
    operationId: id,
    summary,
    security: scope === "none" ? [] : [{ [scope]: [] }],
    parameters: parametersOf(operation),
    ...(takes === null ? {} : { requestBody: requestBody(takes) }),
    responses: {
      ...Object.fromEntries(statuses.map((status) => [String(status), { description: summary, content }])),
      default: { $ref: "#/components/responses/Problem" },
    },
  };
}

function parametersOf({ path, query = [], takesRevision = false }: Operation): Json[] {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name);
  return [
    ...names.map((name) => ({ name, in: "path", required: true, schema: { type: "string" } })),
    ...query.map((parameter) => ({ ...parameter, in: "query", schema: { type: "string" } })),
    ...(takesRevision
      ? [
          {
            name: "If-Match",
            in: "header",
            description: "The revision that must be in force",
            schema: { type: "string" },
          },
        ]
      : []),
  ];
}

function requestBody(takes: NonNullable<Operation["takes"]>): Json {
  if (takes !== "config-text") return { required: false, content: { "application/json": ref(takes) } };
  const schema = {
    type: "string",
    description: "A configuration, as in a file; it may include no other files",
  };
  return {
    required: true,
    content: { "application/yaml": { schema }, "application/json": { schema: { type: "object" } } },
  };
}

function mediaType(answers: AnswerKind): string {
  if (answers === "text") return "application/yaml";
  if (answers === "metrics") return "text/plain";
  return answers === "events" ? "text/event-stream" : "application/json";
}

function answerSchema(answers: AnswerKind): Json {
  if (answers === "text" || answers === "metrics" || answers === "events")
    return { schema: { type: "string" } };
  return answers === "openapi" ? { schema: { type: "object" } } : ref(answers);
}

function ref(name: string): Json {
  return { schema: { $ref: `#/components/schemas/${name}` } };
}

function problemText(): string {
  const lines = Object.entries(problemCodes).map(
    ([code, [status, title]]) => `- ${status} \`${code}\`: ${title}`,
  );
  return `A problem:\n${lines.join("\n")}`;
}
