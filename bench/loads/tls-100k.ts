/** Responses of 100 KB over TLS: what encryption costs per byte. */
import type { Load } from "../load.ts";

export const tls100k: Load = {
  name: "tls-100k",
  title: "100 KB responses over TLS, 64 connections",
  connections: 64,
  path: "/100k",
  script: "",
  protocol: "https",
};
