/** A new connection for every request: the cost of accepting and closing. */
import type { Load } from "../load.ts";

export const newConnection: Load = {
  name: "new-connection",
  title: "a new connection per request, 64 at a time",
  connections: 64,
  path: "/",
  script: `wrk.headers["Connection"] = "close"`,
};
