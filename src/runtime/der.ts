/** The little of DER (X.690) that OCSP needs: nodes read one after the other, strictly bounded, and nodes made. */

export interface DerNode {
  readonly tag: number;
  /** Header and content. */
  readonly whole: Buffer;
  readonly content: Buffer;
}

export const derTag = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  /** Context-specific and constructed. */
  context: (number: number): number => 0xa0 + number,
} as const;

/** The nodes that `bytes` consist of. Throws a RangeError when they do not. */
export function readDer(bytes: Buffer): readonly DerNode[] {
  const nodes: DerNode[] = [];
  for (let at = 0; at < bytes.length;) {
    const tag = bytes[at] ?? 0;
    const first = bytes[at + 1];
    if (first === undefined || (tag & 0x1f) === 0x1f) throw new RangeError("not DER");
    const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
    if (lengthBytes > 3 || first === 0x80) throw new RangeError("not DER of a sensible length");
    const start = at + 2 + lengthBytes;
    if (start > bytes.length) throw new RangeError("DER that is cut off");
    const length = lengthBytes === 0 ? first : bytes.readUIntBE(at + 2, lengthBytes);
    const end = start + length;
    if (end > bytes.length) throw new RangeError("DER that is cut off");
    nodes.push({ tag, whole: bytes.subarray(at, end), content: bytes.subarray(start, end) });
    at = end;
  }
  return nodes;
}

/** The node's children. Throws a RangeError unless it has that tag. */
export function childrenOf(node: DerNode | undefined, tag: number = derTag.sequence): readonly DerNode[] {
  if (node?.tag !== tag) throw new RangeError("not the DER that was expected");
  return readDer(node.content);
}

export function makeDer(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const header =
    length < 0x80
      ? [tag, length]
      : length < 0x100
        ? [tag, 0x81, length]
        : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(header), content]);
}
