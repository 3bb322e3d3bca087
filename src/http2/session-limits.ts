/** What one HTTP/2 session allows its peer. Bytes, milliseconds and counts. */
export interface SessionLimits {
  /** Names, values and 32 for each field of one header block. */
  readonly headerListBytesMax: number;
  /** The same block as it is sent. */
  readonly headerBlockBytesMax: number;
  /** Streams the peer may have open at once; 0 where it may open none. */
  readonly peerStreamsMax: number;
  /** At least 65,535: until the peer has read our settings it may send as much. */
  readonly streamWindow: number;
  readonly connectionWindow: number;
  readonly resetsPerSecond: number;
  readonly framesPerSecond: number;
  /** Time for a frame that has begun, or a whole header block. */
  readonly frameTimeoutMs: number;
  /** How long a peer may leave unread what it asked for. */
  readonly stallTimeoutMs: number;
}
