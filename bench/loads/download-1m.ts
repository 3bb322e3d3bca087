/** Responses of 1 MB from a file: how a proxy moves bytes when they are many. */
import type { Load } from "../load.ts";

export const download1m: Load = {
  name: "download-1m",
  title: "1 MB responses, 64 connections",
  connections: 64,
  path: "/1m",
  script: "",
};
