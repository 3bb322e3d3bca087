/** Reads option values of the verbs that have no configuration behind them. Each names what it allows. */
import { InvalidArgumentError } from "commander";
import { parseEndpointUrl, type EndpointAddress } from "../core/address.ts";
import { UserError } from "./failure.ts";
import { parseDurationMs, parseShare } from "../core/units.ts";

export function durationMs(text: string): number {
  const ms = parseDurationMs(text);
  if (ms === null) throw new InvalidArgumentError("Write a duration with its unit, such as 250ms or 5s.");
  return ms;
}

/** A duration that stays text, for those who read it elsewhere. */
export function durationText(text: string): string {
  durationMs(text);
  return text;
}

/** `20%` or `0.2`. */
export function share(text: string): number {
  const value = parseShare(text) ?? (/^(?:0|1|0?\.\d+)$/.test(text) ? Number(text) : null);
  if (value === null) throw new InvalidArgumentError("Write a share such as 20%.");
  return value;
}

export function port(text: string): number {
  const value = wholeNumber(text);
  if (value > 65_535) throw new InvalidArgumentError("A port is a number from 0 to 65535.");
  return value;
}

export function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("Write a whole number.");
  return Number(text);
}

export function atLeastOne(text: string): number {
  const value = wholeNumber(text);
  if (value < 1) throw new InvalidArgumentError("It is at least 1.");
  return value;
}

export function httpStatus(text: string): number {
  const value = wholeNumber(text);
  if (value < 200 || value > 599) throw new InvalidArgumentError("A status is a number from 200 to 599.");
  return value;
}

/** Splits at commas and adds to what earlier uses of the option gave. */
export function list(text: string, before: readonly string[] | undefined): readonly string[] {
  const parts = text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
  return [...(before ?? []), ...parts];
}

export function endpointAddress(url: string): EndpointAddress {
  const address = parseEndpointUrl(url);
  if (!("problem" in address)) return address;
  const hint = address.fix === null ? "" : ` Did you mean ${address.fix}?`;
  throw new UserError(`'${url}' is not an endpoint: ${address.problem}.${hint}`);
}
