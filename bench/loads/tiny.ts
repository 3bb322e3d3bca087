/** The smallest useful exchange: wrk's bare GET, a two-byte body. */
import type { Load } from "../load.ts";

export const tiny: Load = {
  name: "tiny",
  title: "tiny head, 64 connections",
  connections: 64,
  path: "/",
  script: "",
};
