/** Serves one origin through http-proxy-3: `node http-proxy-3.server.js PORT ORIGIN_PORT`. */
import { Agent, createServer } from "node:http";
import { createProxyServer } from "http-proxy-3";

const [port, originPort] = process.argv.slice(2).map(Number);
const proxy = createProxyServer({
  target: `http://127.0.0.1:${originPort}`,
  agent: new Agent({ keepAlive: true, maxSockets: Infinity, maxFreeSockets: 1024 }),
  xfwd: true,
});
proxy.on("error", (_error, _request, response) => {
  if (typeof response.writeHead === "function" && !response.headersSent) response.writeHead(502);
  response.end();
});
createServer((request, response) => proxy.web(request, response)).listen({
  port,
  host: "127.0.0.1",
  backlog: 4096,
});
