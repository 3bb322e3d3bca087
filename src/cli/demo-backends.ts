/** The demo's backends as child processes: started together, watched, stopped together. */
import { fileURLToPath } from "node:url";
import { startChild, type Child } from "../platform/child-process.ts";
import { UserError } from "./failure.ts";

export interface BackendPlace {
  readonly name: string;
  readonly port: number;
}

/** The entry beside this file, whether that is TypeScript or compiled. */
const entry = fileURLToPath(
  new URL(`./main${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url),
);

/** Under load a backend's log would be all one sees. */
const logLinesMax = 20;

export class DemoBackends {
  readonly #places: readonly BackendPlace[];
  readonly #children = new Map<BackendPlace, Child>();
  #isStopping = false;
  #onLastExited: (() => void) | null = null;

  constructor(places: readonly BackendPlace[]) {
    this.#places = places;
  }

  /** Resolves when all listen; rejects with a sentence when one cannot. */
  async start(): Promise<void> {
    await Promise.all(this.#places.map((place) => this.#startOne(place)));
  }

  pidOf(place: BackendPlace): number | null {
    return this.#children.get(place)?.pid ?? null;
  }

  /** Resolves when no child is left. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    if (this.#children.size === 0) return;
    const allExited = new Promise<void>((exited) => (this.#onLastExited = exited));
    for (const child of this.#children.values()) child.letGo();
    const impatience = setTimeout(() => {
      for (const child of this.#children.values()) child.kill();
    }, 2_000);
    await allExited;
    clearTimeout(impatience);
  }

  #startOne(place: BackendPlace): Promise<void> {
    const args = ["backend", "--port", String(place.port), "--name", place.name];
    let output = "";
    let isReady = false;
    return new Promise((ready, failed) => {
      const child = startChild(entry, [...args, "--log-lines-max", String(logLinesMax), "--no-log-health"], {
        onReady: () => {
          isReady = true;
          process.stdout.write(output);
          ready();
        },
        onOutput: (text) => {
          if (isReady) process.stdout.write(text);
          else output += text;
        },
        onExited: (code) => {
          this.#children.delete(place);
          if (!isReady) failed(startFailure(place, output));
          else if (!this.#isStopping) console.log(obituary(place, code));
          if (this.#children.size === 0) this.#onLastExited?.();
        },
      });
      this.#children.set(place, child);
    });
  }
}

function startFailure(place: BackendPlace, output: string): UserError {
  const said = output.trim().replace(/^headgate: /, "");
  // The child's advice is about its own options; the demo has another.
  const what = /^port \d+ is already in use/.test(said)
    ? `${said.replace(/, or .*$/, "")}, or move the demo with --port, as in \`headgate demo --port 9000\`.`
    : said;
  return new UserError(`${place.name} could not start: ${what}`);
}

function obituary(place: BackendPlace, code: number | null): string {
  const how = code === null ? "was killed" : `ended with status ${code}`;
  return `${place.name} ${how}. Bring it back with: npx headgate backend --port ${place.port} --name ${place.name}`;
}
