/** Requests with a body of 100 KB, which the origin reads to its end before it answers. */
import type { Load } from "../load.ts";

export const upload100k: Load = {
  name: "upload-100k",
  title: "100 KB uploads, 64 connections",
  connections: 64,
  path: "/upload",
  script: `
    wrk.method = "POST"
    wrk.headers["Content-Type"] = "application/octet-stream"
    wrk.body = string.rep("0123456789abcdef", 6400)
  `,
};
