/**
 * Heads as a browser sends them over HTTP/2: eleven headers and a path that changes. The client's table holds
 * what repeats, so little of it is sent twice; a path of each request is new to the table.
 */
import type { Load } from "../load.ts";

export const h2Browser: Load = {
  name: "h2-browser",
  title: "HTTP/2 over TLS, browser-like head (11 headers, changing paths), 8 connections of 32 streams",
  connections: 8,
  path: "/",
  script: "",
  protocol: "h2",
  http2: {
    streams: 32,
    requestsPerSecond: 15_000,
    headers: [
      "user-agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
      "accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8",
      "accept-language: en-GB,en;q=0.9,de;q=0.7",
      "accept-encoding: gzip, deflate, br",
      "cache-control: max-age=0",
      "referer: https://shop.example/list?page=12",
      "cookie: session=0000000000000000000000009e3779b1; theme=dark",
      "upgrade-insecure-requests: 1",
      "sec-fetch-mode: navigate",
      "sec-fetch-site: same-origin",
      "sec-fetch-dest: document",
    ],
    paths: Array.from({ length: 4096 }, (_, index) => `/item/${(index + 1) * 7919}?q=${index + 1}`),
  },
};
