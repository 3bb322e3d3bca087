/** One question to an OCSP responder over HTTP (RFC 6960 appendix A), bounded in time and size. */
import { request } from "undici";

const timeoutMs = 10_000;
const answerBytesMax = 64 * 1024;

export async function askOcsp(url: string, question: Buffer): Promise<Buffer> {
  const { statusCode, body } = await request(url, {
    method: "POST",
    headers: { "content-type": "application/ocsp-request" },
    body: question,
    signal: AbortSignal.timeout(timeoutMs),
  });
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of body) {
    const chunk = part as Buffer;
    bytes += chunk.length;
    if (bytes > answerBytesMax) throw new Error("the answer is too long");
    parts.push(chunk);
  }
  if (statusCode !== 200) throw new Error(`the responder answered ${statusCode}`);
  return Buffer.concat(parts);
}
