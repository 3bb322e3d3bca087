/** The same without TLS: what HTTP/2 itself costs. */
import type { Load } from "../load.ts";
import { h2Tiny } from "./h2-tiny.ts";

export const h2cTiny: Load = {
  ...h2Tiny,
  name: "h2c-tiny",
  title: "HTTP/2 without TLS, tiny head, 8 connections of 32 streams",
  protocol: "h2c",
};
