/** The tiny exchange through a TCP relay: many small pieces over kept connections. */
import type { Load } from "../load.ts";

export const tcpTiny: Load = {
  name: "tcp-tiny",
  title: "TCP relay, small exchanges, 64 connections",
  connections: 64,
  path: "/",
  script: "",
  protocol: "tcp",
  yardstick: "haproxy",
};
