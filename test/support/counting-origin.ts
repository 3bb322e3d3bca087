/**
 * An origin as a program of its own, to be killed: answers each request after a while with its process id.
 * Arguments: mean time to answer in ms. Prints its port.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const answerMs = Number(process.argv[2] ?? 2);
const server = createServer((request, response) => {
  request.resume().on("end", () => {
    setTimeout(() => response.end(String(process.pid)), answerMs * (0.5 + Math.random()));
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
