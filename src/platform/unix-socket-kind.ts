/** What kind of socket a name in the file system is, as Linux tells it; elsewhere nothing is known. */
import { readFileSync, realpathSync, statSync } from "node:fs";

/** Null for what is no socket, does not exist, or cannot be told. */
export function unixSocketKind(path: string): "stream" | "datagram" | null {
  try {
    if (!statSync(path).isSocket()) return null;
    const names = new Set([path, realpathSync(path)]);
    // Num: RefCount Protocol Flags Type St Inode Path; type 1 is SOCK_STREAM, 2 SOCK_DGRAM, 5 SOCK_SEQPACKET.
    for (const line of readFileSync("/proc/net/unix", "utf8").split("\n")) {
      const [, , , , type, , , ...name] = line.split(" ").filter((word) => word !== "");
      if (!names.has(name.join(" "))) continue;
      if (type === "0001") return "stream";
      if (type === "0002") return "datagram";
    }
    return null;
  } catch {
    return null;
  }
}
