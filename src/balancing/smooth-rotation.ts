/**
 * Smooth weighted round robin over whichever candidates are offered, with its memory in this worker.
 * Source: nginx's ngx_http_upstream_get_peer: everyone offered gains its weight, the highest sum wins
 * (the earliest of equals) and pays what all gained together.
 */
export class SmoothRotation {
  #sums = new Float64Array(0);
  #gained = 0;
  #best = -1;

  /** Forgets everything; indices below `size` may be offered. */
  reset(size: number): void {
    if (this.#sums.length === size) this.#sums.fill(0);
    else this.#sums = new Float64Array(size);
  }

  /** Starts a turn. */
  begin(): void {
    this.#gained = 0;
    this.#best = -1;
  }

  /** At most once per index and turn. */
  offer(index: number, weight: number): void {
    const sum = this.#sums[index]! + weight;
    this.#sums[index] = sum;
    this.#gained += weight;
    if (this.#best === -1 || sum > this.#sums[this.#best]!) this.#best = index;
  }

  /** Ends the turn: the index that won, or -1 when nobody was offered. */
  take(): number {
    const best = this.#best;
    if (best !== -1) this.#sums[best] = this.#sums[best]! - this.#gained;
    return best;
  }
}
