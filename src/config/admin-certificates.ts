/** What the admin API tells of certificates: those in use, and how those of an authority are doing. */
import * as z from "zod";
import { time } from "./admin-scalars.ts";

const certificate = z.object({
  listener: z.string(),
  source: z.string().meta({ description: "Its file, `self-signed`, or `acme` and a name." }),
  names: z.array(z.string()),
  issuer: z.string(),
  keyKind: z.string(),
  notBefore: time,
  expires: time,
  fingerprint: z.string().meta({ description: "SHA-256, hexadecimal." }),
});

const automaticCertificate = z.object({
  name: z.string(),
  state: z.enum(["valid", "pending", "failing"]),
  isOrdering: z.boolean(),
  expires: time.nullable().meta({ description: "Null while there is none." }),
  nextTry: time,
  failures: z.number().int().min(0).meta({ description: "In a row." }),
  reason: z.string().nullable().meta({ description: "Of the last failure." }),
});

export const certificateList = z.object({
  certificates: z.array(certificate),
  automatic: z.array(automaticCertificate),
});
