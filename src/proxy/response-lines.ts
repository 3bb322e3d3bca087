/** The field lines of an endpoint's response as they go to the client, without framing. */
import type { BodyFraming } from "../http1/framing.ts";
import type { ResponseHead } from "../http1/response-head.ts";

export function responseFieldLines(head: ResponseHead, body: BodyFraming, isUpgrade: boolean): string {
  const { fields, status } = head;
  if (isUpgrade) return `${fields.forwardable}Connection: Upgrade\r\nUpgrade: ${fields.upgrade}\r\n`;
  // A response to HEAD, and 304, tell the length that the body would have had.
  if (body.kind === "none" && status !== 204 && fields.contentLengthCount === 1) {
    return `${fields.forwardable}Content-Length: ${fields.contentLength}\r\n`;
  }
  return fields.forwardable;
}
