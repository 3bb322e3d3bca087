/**
 * A terminal taken over for a full-screen picture and given back as it was: on return, on a signal, on a
 * crash, and while the program is suspended.
 */
import type { ReadStream, WriteStream } from "node:tty";

const enter = "\u001b[?1049h\u001b[?25l";
const leave = "\u001b[?25h\u001b[?1049l";

export interface ScreenHandlers {
  onInput(text: string): void;
  /** The size has changed, or the picture is gone: draw again. */
  onRedraw(): void;
}

export class TerminalScreen {
  readonly #input: ReadStream;
  readonly #output: WriteStream;
  #isTaken = false;

  constructor(input: ReadStream, output: WriteStream, handlers: ScreenHandlers) {
    this.#input = input;
    this.#output = output;
    this.#take();
    input.setEncoding("utf8").on("data", (text: string) => handlers.onInput(text));
    output.on("resize", () => handlers.onRedraw());
    process.on("SIGCONT", () => {
      this.#take();
      handlers.onRedraw();
    });
    // However the process ends, the last thing it does is give the terminal back.
    process.on("exit", () => this.release());
  }

  get columns(): number {
    return this.#output.columns || 80;
  }
  get rows(): number {
    return this.#output.rows || 24;
  }

  draw(lines: readonly string[]): void {
    if (!this.#isTaken) return;
    // Each line is cleared behind its text, so that nothing flickers.
    this.#output.write(`\u001b[H${lines.map((line) => `${line}\u001b[K`).join("\r\n")}\u001b[J`);
  }

  /** As Ctrl-Z does; the terminal is taken again when the program goes on. */
  suspend(): void {
    this.release();
    process.kill(process.pid, "SIGTSTP");
  }

  release(): void {
    if (!this.#isTaken) return;
    this.#isTaken = false;
    if (this.#input.isTTY) this.#input.setRawMode(false);
    this.#output.write(leave);
  }

  #take(): void {
    if (this.#isTaken) return;
    this.#isTaken = true;
    if (this.#input.isTTY) this.#input.setRawMode(true);
    this.#output.write(enter);
  }
}
