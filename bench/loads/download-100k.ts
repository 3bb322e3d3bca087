/** Responses of 100 KB from a file: how a proxy moves bytes when they are many. */
import type { Load } from "../load.ts";

export const download100k: Load = {
  name: "download-100k",
  title: "100 KB responses, 64 connections",
  connections: 64,
  path: "/100k",
  script: "",
};
