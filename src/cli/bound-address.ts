/**
 * Finds out where a socket that somebody else bound listens. Node tells only by taking the socket over,
 * so Linux is asked: the descriptor's inode, and the kernel's tables of sockets.
 */

export interface SystemTables {
  readLink(path: string): string;
  readText(path: string): string;
}

/** `127.0.0.1:80`, `[::]:80`, `unix:/run/gate.sock`; null when it is not found. */
export function boundAddressOf(descriptor: number, system: SystemTables): string | null {
  try {
    const inode = /^socket:\[(\d+)\]$/.exec(system.readLink(`/proc/self/fd/${descriptor}`))?.[1];
    if (inode === undefined) return null;
    return (
      inTcp(inode, system, "/proc/net/tcp") ?? inTcp(inode, system, "/proc/net/tcp6") ?? inUnix(inode, system)
    );
  } catch {
    return null;
  }
}

/** `sl local_address rem_address st … inode`, the address in hexadecimal, each word in the machine's order. */
function inTcp(inode: string, system: SystemTables, table: string): string | null {
  for (const line of system.readText(table).split("\n")) {
    const fields = line.trim().split(/\s+/);
    const local = fields[1];
    if (fields[9] !== inode || local === undefined) continue;
    const [address = "", port = ""] = local.split(":");
    return address.length === 8
      ? `${ipv4(address)}:${Number.parseInt(port, 16)}`
      : `[${ipv6(address)}]:${Number.parseInt(port, 16)}`;
  }
  return null;
}

/** `Num RefCount Protocol Flags Type St Inode Path`. */
function inUnix(inode: string, system: SystemTables): string | null {
  for (const line of system.readText("/proc/net/unix").split("\n")) {
    const match = /^\S+ \S+ \S+ \S+ \S+ \S+ +(\d+) (\/.*)$/.exec(line);
    if (match?.[1] === inode) return `unix:${match[2]}`;
  }
  return null;
}

function bytesOf(hex: string): number[] {
  // Little-endian within each 32-bit word.
  return (hex.match(/.{8}/g) ?? []).flatMap((word) =>
    (word.match(/../g) ?? []).toReversed().map((byte) => Number.parseInt(byte, 16)),
  );
}

function ipv4(hex: string): string {
  return bytesOf(hex).join(".");
}

function ipv6(hex: string): string {
  const bytes = bytesOf(hex);
  const groups = Array.from({ length: 8 }, (_, index) =>
    ((bytes[index * 2] ?? 0) * 256 + (bytes[index * 2 + 1] ?? 0)).toString(16),
  );
  // The longest row of zeros becomes `::`, as RFC 5952 has it.
  const rows = [...groups.join(":").matchAll(/\b0(?::0)+\b/g)].toSorted((a, b) => b[0].length - a[0].length);
  const [longest] = rows;
  if (longest === undefined) return groups.join(":");
  const text = groups.join(":");
  const before = text.slice(0, longest.index).replace(/:$/, "");
  const after = text.slice(longest.index + longest[0].length).replace(/^:/, "");
  return `${before}::${after}`;
}
