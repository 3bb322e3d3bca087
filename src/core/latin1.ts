/** Octets of a buffer as a string of code points 0–255, by Buffer's native slicer. */
interface Latin1Sliceable {
  latin1Slice(start: number, end: number): string;
}

export function latin1(bytes: Buffer, start: number, end: number): string {
  return (bytes as Buffer & Latin1Sliceable).latin1Slice(start, end);
}
