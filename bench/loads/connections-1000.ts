/** The tiny exchange over a thousand connections: the cost of holding many at once. */
import type { Load } from "../load.ts";

export const connections1000: Load = {
  name: "connections-1000",
  title: "tiny head, 1,000 connections",
  connections: 1000,
  path: "/",
  script: "",
};
