/** Reads the body of a request within its bounds and as the operation takes it. */
import { type AdminRequestName, readAdminRequest } from "../config/admin-documents.ts";
import type { Operation } from "./operation.ts";
import { ProblemError } from "./problem.ts";

const jsonBytesMax = 64 * 1024;
const configBytesMax = 8 * 1024 * 1024;

/** Throws a ProblemError. */
export async function readBody(request: Request, takes: Operation["takes"]): Promise<unknown> {
  if (takes === null) {
    await readText(request, jsonBytesMax);
    return undefined;
  }
  if (takes === "config-text") {
    refuseMediaType(request, /^(?:application\/(?:yaml|x-yaml|json)|text\/(?:yaml|x-yaml|plain))$/);
    return readText(request, configBytesMax);
  }
  const text = await readText(request, jsonBytesMax);
  // A form or plain text is what another site can make a browser send.
  if (text !== "") refuseMediaType(request, /^application\/json$/);
  return checked(takes, parseJson(text));
}

function checked(takes: AdminRequestName, body: unknown): unknown {
  const result = readAdminRequest(takes, body);
  if ("value" in result) return result.value;
  throw new ProblemError("bad-request", result.problems.join("; "));
}

function parseJson(text: string): unknown {
  if (text === "") return {};
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new ProblemError("bad-json", error instanceof Error ? error.message : String(error));
  }
}

function refuseMediaType(request: Request, allowed: RegExp): void {
  const type = (request.headers.get("content-type") ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
  if (allowed.test(type)) return;
  const accepted = allowed.test("application/yaml")
    ? "application/yaml or application/json"
    : "application/json";
  throw new ProblemError(
    "wrong-media-type",
    `${type === "" ? "no media type" : type} was sent; taken is ${accepted}`,
  );
}

async function readText(request: Request, bytesMax: number): Promise<string> {
  const tooLarge = (): ProblemError =>
    new ProblemError("body-too-large", `at most ${bytesMax} bytes are taken`);
  if (Number(request.headers.get("content-length") ?? 0) > bytesMax) throw tooLarge();
  if (request.body === null) return "";
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.body as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
