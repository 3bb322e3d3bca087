/**
 * Decoder of the chunked coding (RFC 9112 §7.1), strict: CRLF everywhere, bounded extensions and
 * trailers, sizes below 2^53. It hands out spans of the caller's buffer and copies no data.
 *
 *   size [;ext] CRLF  data… CRLF   …   0 [;ext] CRLF  trailer-lines CRLF
 *   └ size ┘└ ext ┘   └ data ┘└ data-end ┘            └── trailers ──┘
 */
import { latin1 } from "../core/latin1.ts";
import { parseFields } from "./fields.ts";

export interface ChunkSink {
  /** `bytes[start, end)` is body. */
  onBody(bytes: Buffer, start: number, end: number): void;
}

type Step =
  | "size"
  | "size-blank"
  | "ext"
  | "size-lf"
  | "data"
  | "data-cr"
  | "data-lf"
  | "trailers"
  | "done"
  | "broken";

/** Bytes of extensions a whole body may carry, so that they cannot be used to trickle for ever. */
const extensionBytesMax = 16 * 1024;
const sizeDigitsMax = 13;

/** Fields that never belong in a trailer: framing, routing, authentication (RFC 9110 §6.5.1). */
const forbiddenTrailers = new Set([
  "transfer-encoding",
  "content-length",
  "host",
  "connection",
  "te",
  "trailer",
  "upgrade",
  "keep-alive",
  "authorization",
  "proxy-authorization",
  "proxy-authenticate",
  "proxy-connection",
  "www-authenticate",
  "cookie",
  "set-cookie",
  "content-encoding",
  "content-type",
  "content-range",
  "cache-control",
  "expect",
  "max-forwards",
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-proto",
  "x-forwarded-host",
  "x-forwarded-port",
  "x-real-ip",
  "via",
  "range",
  "location",
]);

export class ChunkedDecoder {
  /** Field lines of the trailer, each with CRLF, forbidden ones left out; valid once `isDone`. */
  trailers = "";
  #step: Step = "size";
  #size = 0;
  #digits = 0;
  #extensionBytes = 0;
  #trailerText = "";
  readonly #trailerBytesMax: number;

  constructor(trailerBytesMax: number) {
    this.#trailerBytesMax = trailerBytesMax;
  }

  get isDone(): boolean {
    return this.#step === "done";
  }

  get isBroken(): boolean {
    return this.#step === "broken";
  }

  /** Consumes `bytes[start, end)` as far as the body goes; returns where it stopped. */
  decode(bytes: Buffer, start: number, end: number, sink: ChunkSink): number {
    let pos = start;
    while (pos < end && this.#step !== "done" && this.#step !== "broken") {
      if (this.#step === "data") {
        const stop = Math.min(end, pos + this.#size);
        this.#size -= stop - pos;
        if (this.#size === 0) this.#step = "data-cr";
        sink.onBody(bytes, pos, stop);
        pos = stop;
      } else if (this.#step === "trailers") {
        pos = this.#takeTrailers(bytes, pos, end);
      } else {
        this.#takeFramingByte(bytes[pos++] as number);
      }
    }
    return pos;
  }

  #takeFramingByte(byte: number): void {
    switch (this.#step) {
      case "size":
        this.#takeSizeByte(byte);
        return;
      case "size-blank":
        // BWS may stand before ";" (RFC 9112 §7.1.1); blanks before CR are an old habit, anything else is broken.
        if (byte === 59) this.#step = "ext";
        else if (byte === 13) this.#step = "size-lf";
        else if ((byte !== 32 && byte !== 9) || ++this.#extensionBytes > extensionBytesMax)
          this.#step = "broken";
        return;
      case "ext":
        if (byte === 13) this.#step = "size-lf";
        else if ((byte < 32 && byte !== 9) || byte === 127 || ++this.#extensionBytes > extensionBytesMax)
          this.#step = "broken";
        return;
      case "size-lf":
        this.#step = byte !== 10 ? "broken" : this.#size === 0 ? "trailers" : "data";
        return;
      case "data-cr":
        this.#step = byte === 13 ? "data-lf" : "broken";
        return;
      case "data-lf":
        this.#step = byte === 10 ? "size" : "broken";
        this.#digits = 0;
        this.#size = 0;
        return;
      default:
        return;
    }
  }

  #takeSizeByte(byte: number): void {
    const digit = hexDigit(byte);
    if (digit >= 0) {
      this.#size = this.#size * 16 + digit;
      if (++this.#digits > sizeDigitsMax) this.#step = "broken";
    } else if (this.#digits === 0) {
      this.#step = "broken";
    } else if (byte === 13) {
      this.#step = "size-lf";
    } else if (byte === 59) {
      this.#step = "ext";
    } else if (byte === 32 || byte === 9) {
      this.#step = "size-blank";
    } else {
      this.#step = "broken";
    }
  }

  #takeTrailers(bytes: Buffer, start: number, end: number): number {
    const before = this.#trailerText.length;
    const text =
      this.#trailerText + latin1(bytes, start, Math.min(end, start + this.#trailerBytesMax + 4 - before));
    const stop = text.startsWith("\r\n") ? 0 : text.indexOf("\r\n\r\n", Math.max(0, before - 3));
    if (stop >= 0) {
      const sectionEnd = stop === 0 && text.startsWith("\r\n") ? 0 : stop + 2;
      this.#finish(text.slice(0, sectionEnd));
      return start + sectionEnd + 2 - before;
    }
    this.#trailerText = text;
    if (text.length > this.#trailerBytesMax) this.#step = "broken";
    return end;
  }

  #finish(section: string): void {
    const fields = section === "" ? null : parseFields(section, 0, section.length, 64, false);
    if (typeof fields === "string") {
      this.#step = "broken";
      return;
    }
    this.trailers = section === "" ? "" : withoutForbidden(section);
    this.#step = "done";
  }
}

/** Field lines of trailers without those that do not belong there. */
export function withoutForbidden(section: string): string {
  return section
    .split("\r\n")
    .filter((line) => line !== "" && !forbiddenTrailers.has(line.slice(0, line.indexOf(":")).toLowerCase()))
    .map((line) => `${line}\r\n`)
    .join("");
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const lower = byte | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}
