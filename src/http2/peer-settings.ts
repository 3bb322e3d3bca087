/** What the peer said in its SETTINGS (RFC 9113 §6.5.2), beginning with what holds until it does. */
import { defaultWindow, ErrorCode, frameBytesMax, Setting, windowMax } from "./frames.ts";

/** Until a server says otherwise, it is not asked for more at once than this. */
const usualStreamsMax = 100;
/** Larger frames make every other stream wait, so not all that is allowed is used. */
const usedFrameBytesMax = 16_384;

export class PeerSettings {
  concurrentStreamsMax = usualStreamsMax;
  initialWindow = defaultWindow;
  frameBytesMax = frameBytesMax;
  isConnectProtocolKnown = false;
  readonly #isServer: boolean;

  /** `isServer`: the peer is one. */
  constructor(isServer: boolean) {
    this.#isServer = isServer;
  }

  /** Reads a payload; returns the error code of an invalid value, or 0. */
  read(bytes: Buffer, start: number, end: number): number {
    for (let pos = start; pos < end; pos += 6) {
      const fault = this.#set(bytes.readUInt16BE(pos), bytes.readUInt32BE(pos + 2));
      if (fault !== 0) return fault;
    }
    return 0;
  }

  #set(id: number, value: number): number {
    switch (id) {
      case Setting.enablePush:
        // A server may only say that it does not push.
        return value > (this.#isServer ? 0 : 1) ? ErrorCode.protocol : 0;
      case Setting.maxConcurrentStreams:
        this.concurrentStreamsMax = value;
        return 0;
      case Setting.initialWindowSize:
        if (value > windowMax) return ErrorCode.flowControl;
        this.initialWindow = value;
        return 0;
      case Setting.maxFrameSize:
        if (value < frameBytesMax || value > 0xff_ffff) return ErrorCode.protocol;
        this.frameBytesMax = Math.min(value, usedFrameBytesMax);
        return 0;
      case Setting.enableConnectProtocol:
        if (value > 1) return ErrorCode.protocol;
        this.isConnectProtocolKnown = value === 1;
        return 0;
      default:
        // The size of the table concerns an encoder that has one; unknown settings are ignored.
        return 0;
    }
  }
}
