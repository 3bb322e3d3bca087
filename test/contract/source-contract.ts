/**
 * What every endpoint source does, whatever it looks at. Each kind brings a rig: a source over something
 * real that a test can fill, break and mend.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { EndpointConfig } from "../../src/config/schema-endpoint.ts";
import type { EndpointSource } from "../../src/discovery/endpoint-source.ts";

/** What the world has: ports on 127.0.0.1, say. How they become endpoints is the rig's affair. */
export interface SourceRig extends AsyncDisposable {
  readonly source: EndpointSource;
  /** The world has these endpoints now, in this order. */
  put(hosts: readonly string[]): Promise<void>;
  /** The names of the endpoints that the source should find when the world has been filled with `hosts`. */
  names(hosts: readonly string[]): readonly string[];
  /** No answer can be had. */
  break(): Promise<void>;
  /** An answer that cannot be used; null where the world cannot give one. */
  readonly spoil: (() => Promise<void>) | null;
}

export interface SourceKind {
  readonly name: string;
  /** Why the suite cannot run here; false when it can. */
  readonly skip: string | false;
  /** A source that takes at most `endpointsMax` endpoints, over a world that has `hosts`. */
  start(hosts: readonly string[], endpointsMax: number): Promise<SourceRig>;
}

type Told = { readonly found: readonly EndpointConfig[] } | { readonly failed: string };

/** Hears a source, and lets a test wait for what it says. */
class Listening {
  readonly told: Told[] = [];
  #wake: () => void = () => {};

  constructor(source: EndpointSource) {
    source.start({
      found: (endpoints) => this.#hear({ found: endpoints }),
      failed: (reason) => this.#hear({ failed: reason }),
    });
  }

  /** Resolves with the first thing said, from number `from` on, that is as wanted. */
  async until(isWanted: (told: Told) => boolean, from = 0): Promise<Told> {
    const giveUp = AbortSignal.timeout(patienceMs);
    for (let at = from; ; at++) {
      while (at >= this.told.length) {
        if (giveUp.aborted) assert.fail(`it only said ${JSON.stringify(this.told)}`);
        await new Promise<void>((wake) => {
          this.#wake = wake;
          giveUp.addEventListener("abort", () => wake(), { once: true });
        });
      }
      const told = this.told[at]!;
      if (isWanted(told)) return told;
    }
  }

  /** Resolves when the source finds just these. */
  async untilFound(names: readonly string[], from = 0): Promise<readonly EndpointConfig[]> {
    const told = await this.until((one) => "found" in one && sameNames(one.found, names), from);
    return "found" in told ? told.found : [];
  }

  async untilFailed(from = 0): Promise<string> {
    const told = await this.until((one) => "failed" in one, from);
    return "failed" in told ? told.failed : "";
  }

  #hear(told: Told): void {
    this.told.push(told);
    this.#wake();
  }
}

const patienceMs = 15_000;

function sameNames(found: readonly EndpointConfig[], names: readonly string[]): boolean {
  return JSON.stringify(found.map(({ name }) => name)) === JSON.stringify(names);
}

export function checkSourceContract(kind: SourceKind): void {
  const { name, skip, start } = kind;
  const some = ["127.0.0.2", "127.0.0.3"];
  const others = ["127.0.0.3", "127.0.0.4", "127.0.0.5"];

  test(`${name}: finds everything there is, as endpoints that pools can use`, { skip }, async () => {
    await using rig = await start(some, 10);
    const found = await new Listening(rig.source).untilFound(rig.names(some));
    for (const endpoint of found) {
      assert.match(endpoint.url, /^http:\/\/127\.0\.0\.\d+:\d+$/);
      assert.equal(endpoint.state, "ready");
      assert.ok(endpoint.weight >= 1);
    }
  });

  test(`${name}: is never heard before start returns`, { skip }, async () => {
    await using rig = await start(some, 10);
    let isStarted = false;
    const early = await new Promise<boolean>((resolve) => {
      const heard = (): void => resolve(!isStarted);
      rig.source.start({ found: heard, failed: heard });
      isStarted = true;
    });
    assert.equal(early, false);
  });

  test(`${name}: finds what has come and misses what has gone`, { skip }, async () => {
    await using rig = await start(some, 10);
    const listening = new Listening(rig.source);
    await listening.untilFound(rig.names(some));
    await rig.put(others);
    await listening.untilFound(rig.names(others));
  });

  test(`${name}: finds nothing where there is nothing, which is no failure`, { skip }, async () => {
    await using rig = await start([], 10);
    await new Listening(rig.source).untilFound([]);
  });

  test(
    `${name}: says when no answer can be had, and goes on by itself when there is one`,
    { skip },
    async () => {
      await using rig = await start(some, 10);
      const listening = new Listening(rig.source);
      await listening.untilFound(rig.names(some));
      await rig.break();
      assert.notEqual(await listening.untilFailed(), "");
      const mark = listening.told.length;
      await rig.put(others);
      await listening.untilFound(rig.names(others), mark);
    },
  );

  test(`${name}: an answer that makes no sense is a failure as a whole`, { skip }, async (t) => {
    await using rig = await start(some, 10);
    if (rig.spoil === null) return t.skip("its answers cannot be wrong and readable at once");
    const listening = new Listening(rig.source);
    await listening.untilFound(rig.names(some));
    await rig.spoil();
    assert.notEqual(await listening.untilFailed(), "");
  });

  test(`${name}: an answer with more endpoints than allowed is a failure as a whole`, { skip }, async () => {
    await using rig = await start(others, 2);
    assert.match(await new Listening(rig.source).untilFailed(), /it has 3 endpoints; endpointsMax is 2/);
  });

  test(`${name}: is silent once it is closed, also when that is at once`, { skip }, async () => {
    await using rig = await start(some, 10);
    const listening = new Listening(rig.source);
    rig.source.close();
    await rig.put(others);
    await using another = await start(others, 10);
    // By now the closed one would have spoken as well.
    await new Listening(another.source).untilFound(another.names(others));
    assert.deepEqual(listening.told, []);
  });
}
