/**
 * Tables of raw-byte cases: what a client sends, what the origin must have seen of it to the byte,
 * and what the client gets. Every case runs over both kinds of streams.
 */
import assert from "node:assert/strict";
import type { RawClient } from "./raw-client.ts";
import { okAnswer } from "./raw-origin.ts";
import { forwarded, type Rig, type RigOptions, startRig, testOverTransports } from "./rig.ts";

export interface WireCase {
  readonly name: string;
  /** Pieces arrive in reads of their own. */
  readonly send: string | readonly string[];
  /** The origin's answer to each request. */
  readonly answer?: string;
  /** Everything the origin received, request by request; none by default. */
  readonly origin?: readonly string[];
  /** Statuses of the responses in order, informational ones included. */
  readonly client: readonly number[];
  /** Methods of the requests answered, where HEAD changes how responses are read. */
  readonly methods?: readonly string[];
  /** `Headgate-Cause` of the last response; null when it is the origin's. */
  readonly cause?: string | null;
  /** Does the connection serve another request afterwards? */
  readonly stays: boolean;
}

const probe = "GET /still-in-step HTTP/1.1\r\nHost: probe.test\r\n\r\n";
const forwardedProbe = forwarded("GET /still-in-step HTTP/1.1", "probe.test");

export function wireCases(subject: string, cases: readonly WireCase[], options: RigOptions = {}): void {
  for (const wireCase of cases) {
    testOverTransports(`${subject}: ${wireCase.name}`, async (transport) => {
      const respond = (): string => wireCase.answer ?? okAnswer;
      await using rig = await startRig({ behaviours: [{ respond }], ...options, transport });
      await runCase(rig, wireCase);
    });
  }
}

async function runCase(
  rig: Rig,
  { send, origin = [], client: statuses, methods, cause, stays }: WireCase,
): Promise<void> {
  const client = await rig.connect();
  await client.sendPieces(typeof send === "string" ? [send] : send);
  const got: number[] = [];
  let lastCause: string | null = null;
  for (let i = 0; i < statuses.length; i++) {
    const response = await client.readResponse(methods?.[i] ?? "GET");
    got.push(response.status);
    lastCause = response.header("headgate-cause");
  }
  assert.deepEqual(got, statuses, client.received);
  if (cause !== undefined) assert.equal(lastCause, cause);
  if (stays) await assertInStep(rig, client, origin);
  else await assertClosed(rig, client, origin);
}

/** A further request on the same connection is understood as such by everybody. */
async function assertInStep(rig: Rig, client: RawClient, seen: readonly string[]): Promise<void> {
  rig.origin.respond = () => okAnswer;
  client.send(probe);
  const response = await client.readResponse();
  assert.equal(response.status, 200);
  assert.equal(response.body, "ok");
  assert.equal(client.unread, "");
  assert.equal(rig.origin.received, [...seen, forwardedProbe].join(""));
}

async function assertClosed(rig: Rig, client: RawClient, seen: readonly string[]): Promise<void> {
  assert.equal(await client.ended(), "fin");
  assert.equal(client.unread, "", "nothing but the expected responses");
  assert.equal(rig.origin.received, seen.join(""));
}
