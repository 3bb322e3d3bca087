/** Moves what one stream has read into another, with back-pressure. Remembers nothing. */
import { latin1 } from "../core/latin1.ts";
import type { ByteStream } from "../core/transport.ts";

/** More than this waiting on one side pauses the reading on the other. */
const highWaterBytes = 64 * 1024;
/** Up to here a span is cheaper to write as text, which the stream copies, than to leave lent. */
const textBytesMax = 4096;
/** The same where the lent buffer is shared, so that it would have to be copied anyway. */
const sharedTextBytesMax = 16 * 1024;
/** A read of at least this size promises more to come. */
const bulkReadBytes = 8 * 1024;

/** `buffer[0, length)` was just read from `source`. The caller resumes `source` when `target` drains. */
export function forwardBytes(source: ByteStream, target: ByteStream, buffer: Buffer, length: number): void {
  const isShared = source.isReadBufferShared;
  if (length <= (isShared ? sharedTextBytesMax : textBytesMax)) target.writeText(latin1(buffer, 0, length));
  else if (isShared) target.writeBytes(Buffer.from(buffer.subarray(0, length)));
  else if (!target.writeBytes(buffer.subarray(0, length))) source.replaceReadBuffer();
  source.useBulkBuffer(length >= bulkReadBytes);
  if (target.writeBacklog > highWaterBytes) source.pause();
}
