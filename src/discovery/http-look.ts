/**
 * Endpoints from a URL. The whole request has one time limit, the body one of size; a redirect is an
 * answer like any other. What has not changed since (`ETag`) is neither sent nor read again.
 */
import { Agent, request } from "undici";
import { readEndpointList } from "../config/endpoint-list.ts";
import type { EndpointConfig } from "../config/schema-endpoint.ts";
import type { SourceConfigOf } from "../config/schema-source.ts";
import type { Clock } from "../core/clock.ts";
import type { Look, SourceAnswer } from "./endpoint-source.ts";

/** What was read last, and what the server calls it. */
interface Known {
  readonly tag: string;
  readonly endpoints: readonly EndpointConfig[];
}

/** A longer tag is not remembered. */
const tagLengthMax = 1024;
const headBytesMax = 16 * 1024;

/** Why an answer is of no use, in a clause. */
class UselessAnswer extends Error {
  override readonly name = "UselessAnswer";
}

/** The second function lets go of the connection; nothing may be looked for afterwards. */
export function lookAtUrl(config: SourceConfigOf<"http">, clock: Clock): { look: Look; close: () => void } {
  const agent = new Agent({ connections: 1, maxHeaderSize: headBytesMax });
  let known: Known | null = null;
  const look: Look = (done) => {
    const controller = new AbortController();
    const timer = clock.setTimer(config.timeout, () =>
      controller.abort(new UselessAnswer(`no answer within ${config.timeout} ms`)),
    );
    let isOver = false;
    const finish = (answer: SourceAnswer): void => {
      timer.cancel();
      if (isOver) return;
      isOver = true;
      done(answer);
    };
    ask(config, agent, known, controller.signal).then(
      (answer) => {
        known = answer;
        finish({ kind: "found", endpoints: answer.endpoints, nextMs: config.interval });
      },
      (error: unknown) => finish({ kind: "failed", reason: reasonOf(error, controller.signal) }),
    );
    return () => {
      isOver = true;
      timer.cancel();
      controller.abort();
    };
  };
  return { look, close: () => void agent.destroy().catch(() => {}) };
}

async function ask(
  { url, headers, bytesMax, endpointsMax }: SourceConfigOf<"http">,
  agent: Agent,
  known: Known | null,
  signal: AbortSignal,
): Promise<Known> {
  const conditional = known === null || known.tag === "" ? {} : { "if-none-match": known.tag };
  const response = await request(url, {
    dispatcher: agent,
    signal,
    headers: {
      "user-agent": "headgate",
      accept: "application/json, application/yaml",
      ...headers,
      ...conditional,
    },
  });
  const { statusCode, headers: answered, body } = response;
  if (statusCode !== 200) {
    // At most what undici allows; then the connection is closed.
    await body.dump();
    if (statusCode === 304 && known !== null) return known;
    throw new UselessAnswer(`it answered ${statusCode}`);
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw new UselessAnswer(`it is larger than bytesMax (${bytesMax} bytes)`);
    chunks.push(chunk);
  }
  const result = readEndpointList(Buffer.concat(chunks).toString("utf8"), endpointsMax);
  if ("problem" in result) throw new UselessAnswer(result.problem);
  const { etag } = answered;
  return {
    tag: typeof etag === "string" && etag.length <= tagLengthMax ? etag : "",
    endpoints: result.endpoints,
  };
}

function reasonOf(error: unknown, signal: AbortSignal): string {
  const cause: unknown = signal.aborted ? signal.reason : error;
  if (cause instanceof UselessAnswer) return cause.message;
  if (typeof cause === "object" && cause !== null && "code" in cause && typeof cause.code === "string")
    return cause.code;
  return cause instanceof Error ? cause.message : String(cause);
}
