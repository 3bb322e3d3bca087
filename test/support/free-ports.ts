/**
 * Ports for programs that must be told which: a row of free ones, below the range from which systems
 * give out ports by themselves, so that nobody else is handed one in the meantime.
 */
import { once } from "node:events";
import { createServer, type Server } from "node:net";

const lowest = 12_000;
const span = 18_000;
// Test files run in processes of their own; each starts looking elsewhere.
let offset = (process.pid * 16) % span;

/** The first of `count` free ports in a row. */
export async function freePorts(count: number): Promise<number> {
  for (;;) {
    const base = lowest + offset;
    offset = (offset + count) % span;
    const servers = await Promise.all(Array.from({ length: count }, (_, index) => bind(base + index)));
    const bound = servers.filter((server) => server !== null);
    await Promise.all(bound.map((server) => new Promise((closed) => server.close(closed))));
    if (bound.length === count) return base;
  }
}

async function bind(port: number): Promise<Server | null> {
  const server = createServer();
  const listening = once(server, "listening");
  server.listen(port);
  return listening.then(
    () => server,
    () => null,
  );
}
