/**
 * A Node origin as a program of its own, that closes idle connections after a very short time.
 * Arguments: keep-alive time in ms. Prints its port; `/count` answers how many others it answered.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

let answered = 0;
const server = createServer((request, response) => {
  request.resume().on("end", () => {
    if (request.url !== "/count") answered++;
    response.end(request.url === "/count" ? String(answered) : "ok");
  });
});
server.keepAliveTimeout = Number(process.argv[2]);
// Node waits this much longer than it announces, to spare clients the race that is wanted here.
server.keepAliveTimeoutBuffer = 0;
server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
