/** A progress bar on a terminal, and nothing where there is none. */

interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const redrawEveryBytes = 8 * 1024 * 1024;
const barWidth = 30;

export class ProgressBar {
  readonly #terminal: Terminal | null;
  /** Null when nobody knows. */
  readonly #total: number | null;
  #done = 0;
  #drawnAt = Number.NEGATIVE_INFINITY;

  constructor(terminal: Terminal, total: number | null) {
    this.#terminal = terminal.isTTY === true ? terminal : null;
    this.#total = total;
  }

  /** So many more octets were read; `lines` in all so far. */
  add(octets: number, lines: number): void {
    this.#done += octets;
    if (this.#terminal === null || this.#done - this.#drawnAt < redrawEveryBytes) return;
    this.#drawnAt = this.#done;
    this.#terminal.write(`\r${this.#text(lines)}\u001b[K`);
  }

  end(): void {
    this.#terminal?.write("\r\u001b[K");
  }

  #text(lines: number): string {
    const mebibytes = `${Math.round(this.#done / 1024 / 1024)} MiB`;
    if (this.#total === null || this.#total === 0) return `${mebibytes}, ${lines} exchanges`;
    const share = Math.min(1, this.#done / this.#total);
    const filled = Math.round(share * barWidth);
    const bar = "█".repeat(filled) + "░".repeat(barWidth - filled);
    return `${bar} ${Math.floor(share * 100)} %  ${mebibytes}, ${lines} exchanges`;
  }
}
