/** Tables of frames an HTTP/2 client may send, and what must come of them: each row is a test on a proxy of its own. */
import { test } from "node:test";
import { connectFrames, type FrameClient } from "./frame-client.ts";
import { type RigOptions, startRig } from "./rig.ts";

export interface FrameCase {
  readonly name: string;
  /** Frames in order; each entry is sent by itself. */
  readonly frames: readonly string[];
  /** In place of the preface and empty SETTINGS. */
  readonly greeting?: string;
  /** `calm` and its like: the code of a GOAWAY. */
  readonly goAway?: number;
  /** Stream and code of a RST_STREAM, the connection staying alive. */
  readonly resets?: readonly [streamId: number, code: number];
  /** Stream and status of a response, the connection staying alive. */
  readonly answers?: readonly [streamId: number, status: number];
  readonly rig?: RigOptions;
}

export function frameCases(area: string, cases: readonly FrameCase[]): void {
  for (const each of cases) {
    test(`${area}: ${each.name}`, async () => {
      await using rig = await startRig(each.rig ?? {});
      const client = await connectFrames(rig.proxy.port, each.greeting);
      try {
        client.send(...each.frames);
        await expectOutcome(client, each);
      } finally {
        client.raw.destroy();
      }
    });
  }
}

async function expectOutcome(client: FrameClient, each: FrameCase): Promise<void> {
  const { goAway, resets, answers } = each;
  if (goAway !== undefined) await client.expectGoAway(goAway);
  if (resets !== undefined) await client.expectReset(...resets);
  if (answers !== undefined) {
    const [streamId, status] = answers;
    const found = await client.status(streamId);
    if (found !== status) throw new Error(`stream ${streamId} was answered ${found}, not ${status}`);
  }
  if (goAway === undefined) await client.expectAlive();
}
