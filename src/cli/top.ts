/** `headgate top`: pools and endpoints of a running Headgate in a terminal, live, driven by keys. */
import { type Command, Option } from "commander";
import type { AdminClient } from "./admin-client.ts";
import { addAdminOptions, type AdminOptions, clientFor } from "./admin-verb.ts";
import { UserError } from "./failure.ts";
import { durationMs } from "./option-values.ts";
import { TerminalScreen } from "./terminal-screen.ts";
import { firstView, keysIn, pressKey } from "./top-keys.ts";
import { type TopModel, topModel, type TopReading } from "./top-model.ts";
import { drawTop, type TopView } from "./top-screen.ts";

interface TopOptions extends AdminOptions {
  readonly interval: number;
  readonly once?: boolean;
}

const onceSize = { columns: 120, rows: 10_000, isColored: false };

export function addTopVerb(program: Command): void {
  addAdminOptions(program.command("top"))
    .description("watch pools and endpoints live; ? shows the keys")
    .addOption(
      new Option("--interval <duration>", "how often to look").default(1000, "1s").argParser(durationMs),
    )
    .option("--once", "print one picture and end; needs no terminal")
    .action(async (options: TopOptions) => {
      const client = clientFor(options);
      if (options.once === true || options.json === true) await printOnce(client, options);
      else if (process.stdin.isTTY && process.stdout.isTTY) await new Top(client, options.interval).run();
      else throw new UserError("top draws on a terminal; `headgate top --once` prints one picture.");
    });
}

async function look(client: AdminClient): Promise<TopReading> {
  const [status, { pools }, history] = await Promise.all([
    client.get("Status", "/v1/status"),
    client.get("PoolList", "/v1/pools"),
    client.get("History", "/v1/history?resolution=seconds"),
  ]);
  return { atMs: performance.now(), status, pools, history };
}

/** Two looks, so that there are rates. */
async function printOnce(client: AdminClient, { interval, json }: TopOptions): Promise<void> {
  const before = await look(client);
  await new Promise((resolve) => setTimeout(resolve, interval));
  const model = topModel(before, await look(client));
  if (json === true) console.log(JSON.stringify(model, null, 2));
  else console.log(drawTop(model, firstView, onceSize, "").lines.slice(0, -1).join("\n").trimEnd());
}

class Top {
  readonly #client: AdminClient;
  readonly #intervalMs: number;
  #screen: TerminalScreen | null = null;
  #before: TopReading | null = null;
  #model: TopModel | null = null;
  #view: TopView = firstView;
  #offsetMax = 0;
  #notice = "";
  #quit: () => void = () => {};

  constructor(client: AdminClient, intervalMs: number) {
    this.#client = client;
    this.#intervalMs = intervalMs;
  }

  async run(): Promise<void> {
    // Whoever is not there should be told so on the terminal as it is.
    this.#show(await look(this.#client));
    this.#screen = new TerminalScreen(process.stdin, process.stdout, {
      onInput: (text) => this.#typed(text),
      onRedraw: () => this.#draw(),
    });
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => this.#quit());
    this.#draw();
    const timer = setInterval(() => void this.#update(), this.#intervalMs);
    await new Promise<void>((resolve) => (this.#quit = resolve));
    clearInterval(timer);
    this.#screen.release();
    // Standard input would keep the process waiting for another key.
    process.exit(0);
  }

  async #update(): Promise<void> {
    if (this.#view.isPaused) return;
    try {
      this.#show(await look(this.#client));
      this.#notice = "";
    } catch (error) {
      this.#notice = error instanceof Error ? error.message : String(error);
    }
    this.#draw();
  }

  #show(reading: TopReading): void {
    this.#model = topModel(this.#before, reading);
    this.#before = reading;
  }

  #draw(): void {
    const [screen, model] = [this.#screen, this.#model];
    if (screen === null || model === null) return;
    const { columns, rows } = screen;
    const isColored = process.env["NO_COLOR"] === undefined;
    const picture = drawTop(model, this.#view, { columns, rows, isColored }, this.#notice);
    this.#offsetMax = picture.offsetMax;
    screen.draw(picture.lines);
  }

  #typed(text: string): void {
    for (const key of keysIn(text)) {
      const pools = (this.#model?.pools ?? []).map(({ name }) => name);
      const pageLines = Math.max(1, (this.#screen?.rows ?? 24) - 6);
      const outcome = pressKey(key, this.#view, { pools, pageLines, offsetMax: this.#offsetMax });
      if (outcome === "quit") return this.#quit();
      if (outcome === "suspend") this.#screen?.suspend();
      else this.#view = outcome;
    }
    this.#draw();
  }
}
