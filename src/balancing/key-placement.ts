/**
 * Where keys belong: what distinguishes one hash policy from another. A placement knows names and
 * weights only; whether somebody can serve now is the hash policy's question.
 */

export interface PlacedNode {
  readonly name: string;
  /** Configured share; 0 means no keys at all. Slow start does not move keys about. */
  readonly weight: number;
}

export interface KeyPlacement {
  /** Takes the nodes anew. May allocate, and may take milliseconds. */
  build(nodes: readonly PlacedNode[]): void;
  /** Index of the node the key belongs to; -1 when no node has any weight. */
  first(key: string): number;
  /**
   * Whom the key last given to `first` turns to next; indices may repeat. -1 when the placement has no
   * order beyond what it has said.
   */
  next(): number;
}
