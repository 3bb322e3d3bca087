/** The tiny exchange over TLS connections that are kept. */
import type { Load } from "../load.ts";

export const tlsTiny: Load = {
  name: "tls-tiny",
  title: "tiny head over TLS, 64 connections",
  connections: 64,
  path: "/",
  script: "",
  protocol: "https",
};
