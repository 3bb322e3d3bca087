/** Limits of the request head: 414 for the target, 431 for the rest, and the connection ends. */
import { wireCases } from "../support/wire-cases.ts";
import { forwarded } from "../support/rig.ts";

const limits = { limits: { headBytes: 1000, headerCount: 5, targetBytes: 100 } };
const frame = "GET / HTTP/1.1\r\nHost: a\r\nX: \r\n\r\n".length;
const fullValue = "v".repeat(1000 - frame);
const fullTarget = `/${"t".repeat(99)}`;

wireCases(
  "A head within its limits passes",
  [
    {
      name: "exactly as many bytes as allowed",
      send: `GET / HTTP/1.1\r\nHost: a\r\nX: ${fullValue}\r\n\r\n`,
      origin: [forwarded("GET / HTTP/1.1", "a", [`X: ${fullValue}`])],
      client: [200],
      stays: true,
    },
    {
      name: "exactly as many bytes as allowed, behind empty lines and in one piece with the next",
      send: `\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nX: ${fullValue}\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n`,
      origin: [forwarded("GET / HTTP/1.1", "a", [`X: ${fullValue}`]), forwarded("GET /b HTTP/1.1", "a")],
      client: [200, 200],
      stays: true,
    },
    {
      name: "exactly as many fields as allowed",
      send: "GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n\r\n",
      origin: [forwarded("GET / HTTP/1.1", "a", ["A: 1", "B: 2", "C: 3", "D: 4"])],
      client: [200],
      stays: true,
    },
    {
      name: "a target exactly as long as allowed",
      send: `GET ${fullTarget} HTTP/1.1\r\nHost: a\r\n\r\n`,
      origin: [forwarded(`GET ${fullTarget} HTTP/1.1`, "a")],
      client: [200],
      stays: true,
    },
  ],
  { listener: limits },
);

wireCases(
  "A head beyond its limits is refused",
  [
    {
      name: "one byte too many",
      send: `GET / HTTP/1.1\r\nHost: a\r\nX: ${fullValue}v\r\n\r\n`,
      client: [431],
      cause: "head-too-large",
      stays: false,
    },
    {
      name: "far too many bytes, without ever ending",
      send: `GET / HTTP/1.1\r\nHost: a\r\nX: ${"v".repeat(100_000)}`,
      client: [431],
      cause: "head-too-large",
      stays: false,
    },
    {
      name: "too many bytes in small pieces",
      send: [
        "GET / HTTP/1.1\r\nHost: a\r\n",
        ...Array.from({ length: 60 }, () => `X: ${"v".repeat(20)}\r\n`),
      ],
      client: [431],
      cause: "head-too-large",
      stays: false,
    },
    {
      name: "one field too many",
      send: "GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\nE: 5\r\n\r\n",
      client: [431],
      cause: "head-too-large",
      stays: false,
    },
    {
      name: "a target one byte too long",
      send: `GET ${fullTarget}t HTTP/1.1\r\nHost: a\r\n\r\n`,
      client: [414],
      cause: "target-too-long",
      stays: false,
    },
    {
      name: "an endless target, before it ends",
      send: `GET /${"t".repeat(500)}`,
      client: [414],
      cause: "target-too-long",
      stays: false,
    },
  ],
  { listener: limits },
);
