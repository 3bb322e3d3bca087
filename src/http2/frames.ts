/** Frames of HTTP/2 (RFC 9113 §4 and §6) as numbers and as text of one code point per octet. */

export const FrameType = {
  data: 0,
  headers: 1,
  priority: 2,
  resetStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const Flag = { endStream: 1, ack: 1, endHeaders: 4, padded: 8, priority: 32 } as const;

/** §7. */
export const ErrorCode = {
  none: 0,
  protocol: 1,
  internal: 2,
  flowControl: 3,
  settingsTimeout: 4,
  streamClosed: 5,
  frameSize: 6,
  refusedStream: 7,
  cancel: 8,
  compression: 9,
  connect: 10,
  enhanceYourCalm: 11,
  inadequateSecurity: 12,
  http11Required: 13,
} as const;

const errorNames = new Map<number, string>(Object.entries(ErrorCode).map(([name, code]) => [code, name]));

/** For logs. */
export function errorName(code: number): string {
  return errorNames.get(code) ?? `code ${code}`;
}

/** §6.5.2 and RFC 8441 §3. */
export const Setting = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
  enableConnectProtocol: 8,
} as const;

export const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
export const frameHeaderBytes = 9;
/** What we take, and what every peer must: larger frames only make others wait. */
export const frameBytesMax = 16_384;
/** Data of one frame of ours at most: with its header it fills a record of TLS. */
export const dataSpanMax = frameBytesMax - frameHeaderBytes;
export const defaultWindow = 65_535;
export const windowMax = 2 ** 31 - 1;

export function frameHeader(length: number, type: number, flags: number, streamId: number): string {
  return String.fromCharCode(
    length >>> 16,
    (length >>> 8) & 255,
    length & 255,
    type,
    flags,
    streamId >>> 24,
    (streamId >>> 16) & 255,
    (streamId >>> 8) & 255,
    streamId & 255,
  );
}

function word(value: number): string {
  return String.fromCharCode(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
}

/** HEADERS, with CONTINUATION where the block is longer than a frame. */
export function headersFrames(streamId: number, block: string, isEnd: boolean): string {
  const endStream = isEnd ? Flag.endStream : 0;
  if (block.length <= frameBytesMax) {
    return frameHeader(block.length, FrameType.headers, endStream | Flag.endHeaders, streamId) + block;
  }
  let frames =
    frameHeader(frameBytesMax, FrameType.headers, endStream, streamId) + block.slice(0, frameBytesMax);
  for (let start = frameBytesMax; start < block.length; start += frameBytesMax) {
    const part = block.slice(start, start + frameBytesMax);
    const flags = start + frameBytesMax >= block.length ? Flag.endHeaders : 0;
    frames += frameHeader(part.length, FrameType.continuation, flags, streamId) + part;
  }
  return frames;
}

export function settingsFrame(settings: readonly (readonly [id: number, value: number])[]): string {
  const payload = settings
    .map(([id, value]) => String.fromCharCode(id >>> 8, id & 255) + word(value))
    .join("");
  return frameHeader(payload.length, FrameType.settings, 0, 0) + payload;
}

export const settingsAck = frameHeader(0, FrameType.settings, Flag.ack, 0);

export function resetFrame(streamId: number, code: number): string {
  return frameHeader(4, FrameType.resetStream, 0, streamId) + word(code);
}

export function windowUpdateFrame(streamId: number, increment: number): string {
  return frameHeader(4, FrameType.windowUpdate, 0, streamId) + word(increment);
}

/** `payload` is eight octets. */
export function pingFrame(payload: string, isAck: boolean): string {
  return frameHeader(8, FrameType.ping, isAck ? Flag.ack : 0, 0) + payload;
}

export function goAwayFrame(lastStreamId: number, code: number): string {
  return frameHeader(8, FrameType.goAway, 0, 0) + word(lastStreamId) + word(code);
}
