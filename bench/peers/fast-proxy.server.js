/** Serves one origin through fast-proxy with undici: `node fast-proxy.server.js PORT ORIGIN_PORT`. */
import { createServer } from "node:http";
import fastProxy from "fast-proxy";

const [port, originPort] = process.argv.slice(2).map(Number);
const { proxy } = fastProxy({
  base: `http://127.0.0.1:${originPort}`,
  undici: { connections: 256, pipelining: 1 },
});
createServer((request, response) => proxy(request, response, request.url, {})).listen({
  port,
  host: "127.0.0.1",
  backlog: 4096,
});
