/**
 * Response heads from endpoints (RFC 9112 §4). As with requests, the last field section is
 * remembered: an origin's headers repeat to the letter until its Date ticks.
 */
import { type Fields, parseFields } from "./fields.ts";

export interface ResponseHead {
  readonly versionMinor: 0 | 1;
  readonly status: number;
  /** May be empty. */
  readonly reason: string;
  readonly fields: Fields;
}

export type ResponseHeadFault = "bad-response" | "response-head-too-large";

/** HTTP/1.x SP 3DIGIT SP [reason]; the SP before an empty reason may be missing, as in the wild. */
export class ResponseHeadParser {
  readonly #headerCountMax: number;
  #last: ResponseHead | null = null;
  #lastLine = "";

  constructor(headerCountMax: number) {
    this.#headerCountMax = headerCountMax;
  }

  /** `text[start, end)` is a whole head, the empty line's CRLF included. */
  parse(text: string, start: number, end: number): ResponseHead | ResponseHeadFault {
    const lineEnd = text.indexOf("\r\n", start);
    const last = this.#last;
    const sectionStart = lineEnd + 2;
    if (
      last !== null &&
      last.fields.section.length === end - 2 - sectionStart &&
      this.#lastLine === text.slice(start, lineEnd) &&
      last.fields.section === text.slice(sectionStart, end - 2)
    ) {
      return last;
    }
    const line = text.slice(start, lineEnd);
    const status = parseStatusLine(line);
    if (status === null) return "bad-response";
    const fields = parseFields(text, sectionStart, end - 2, this.#headerCountMax, true);
    if (fields === "too-many") return "response-head-too-large";
    if (fields === "bad-line") return "bad-response";
    const head: ResponseHead = {
      versionMinor: line.charCodeAt(7) === 48 ? 0 : 1,
      status,
      reason: line.slice(13),
      fields,
    };
    this.#last = head;
    this.#lastLine = line;
    return head;
  }
}

// reason-phrase is HTAB, SP, VCHAR and obs-text only
const statusLine = /^HTTP\/1\.[0-9] ([1-9][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]*)?$/;

function parseStatusLine(line: string): number | null {
  const parts = statusLine.exec(line);
  return parts === null ? null : Number(parts[1]);
}
