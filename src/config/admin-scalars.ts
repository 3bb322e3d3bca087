/** The few plain values of which the admin API's documents consist. */
import * as z from "zod";

export const time = z.iso.datetime();
export const count = z.number().int().min(0);
/** Milliseconds, fractions allowed. */
export const ms = z.number().min(0);
