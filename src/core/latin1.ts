/** Strings of code points 0–255, one per octet, from and to memory, by Buffer's native code. */
interface Latin1Memory {
  latin1Slice(start: number, end: number): string;
  latin1Write(text: string, offset: number): number;
}

export function latin1(bytes: Buffer, start: number, end: number): string {
  return (bytes as Buffer & Latin1Memory).latin1Slice(start, end);
}

/** Puts the string into `memory`, at its start or at `offset`, and returns its length; there must be room. */
export function writeLatin1(memory: Buffer, text: string, offset = 0): number {
  return (memory as Buffer & Latin1Memory).latin1Write(text, offset);
}

/** The same octets as one flat string: what was joined from parts is walked part by part whenever it is written. */
export function inOnePiece(text: string): string {
  const bytes = Buffer.from(text, "latin1");
  return latin1(bytes, 0, bytes.length);
}
