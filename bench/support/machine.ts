/**
 * Reads Linux's /proc: CPU time and memory of a process and all its descendants. Linux only, as is
 * the whole harness.
 */
import { readdirSync, readFileSync } from "node:fs";
import { cpus } from "node:os";

/** USER_HZ; it is 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;

export interface Usage {
  /** User and system time so far, of all threads and of children that have ended. */
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  /** The highest resident size so far, summed over the processes. */
  readonly peakBytes: number;
}

export function usageOf(pid: number): Usage {
  const total = { cpuSeconds: 0, residentBytes: 0, peakBytes: 0 };
  for (const member of [pid, ...descendantsOf(pid)]) {
    const fields = statFields(member);
    if (fields === null) continue;
    // proc(5): utime, stime, cutime and cstime are fields 14 to 17.
    for (const index of [14, 15, 16, 17]) total.cpuSeconds += Number(fields[index - 3]) / ticksPerSecond;
    total.residentBytes += memoryLine(member, "VmRSS");
    total.peakBytes += memoryLine(member, "VmHWM");
  }
  return total;
}

export function descendantsOf(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const parent = Number(statFields(Number(entry))?.[4 - 3]);
    children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
  }
  const found: number[] = [];
  const queue = [pid];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const own = children.get(next) ?? [];
    found.push(...own);
    queue.push(...own);
  }
  return found;
}

/** Fields of /proc/PID/stat from the third on, which stands behind the name in parentheses. */
function statFields(pid: number): string[] | null {
  const text = readProc(pid, "stat");
  return text === null ? null : text.slice(text.lastIndexOf(")") + 2).split(" ");
}

function memoryLine(pid: number, name: string): number {
  const match = new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(readProc(pid, "status") ?? "");
  return Number(match?.[1] ?? 0) * 1024;
}

/** Null when the process has ended meanwhile. */
function readProc(pid: number, file: string): string | null {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return null;
  }
}

/**
 * Time that programs have spent on one core since the machine started, with what the host of a virtual
 * machine gave to others ("steal").
 */
export function busySecondsOf(core: number): number {
  const line = new RegExp(`^cpu${core} (.*)$`, "m").exec(readFileSync("/proc/stat", "utf8"))?.[1] ?? "";
  const [user = 0, nice = 0, system = 0, , , , , steal = 0] = line.split(" ").map(Number);
  return (user + nice + system + steal) / ticksPerSecond;
}

export function describeMachine(): string {
  const kernel = readFileSync("/proc/sys/kernel/osrelease", "utf8").trim();
  const processors = cpus();
  return `${processors.length} × ${processors[0]?.model.trim() ?? "unknown processor"}, Linux ${kernel}`;
}

/** How many files this process may hold open. */
export function openFilesMax(): number {
  const match = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"));
  return Number(match?.[1] ?? 1024);
}
