/** Responses of 100 KB through a TCP relay: its throughput. */
import type { Load } from "../load.ts";

export const tcp100k: Load = {
  name: "tcp-100k",
  title: "TCP relay, 100 KB responses, 64 connections",
  connections: 64,
  path: "/100k",
  script: "",
  protocol: "tcp",
  yardstick: "haproxy",
};
