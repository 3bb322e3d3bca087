/**
 * Hashed passwords: `scrypt:SALT:KEY` or `sha256:SALT:DIGEST` (both base64; the digest is of salt and then
 * password), or `plain:PASSWORD`. Comparison takes the same time wherever the difference is.
 */
import {
  createHash,
  randomBytes,
  scrypt,
  scryptSync,
  timingSafeEqual,
  type ScryptOptions,
} from "node:crypto";

export type PasswordHash =
  | { readonly kind: "scrypt"; readonly salt: Buffer; readonly key: Buffer }
  | { readonly kind: "sha256"; readonly salt: Buffer; readonly key: Buffer };

/** Some 50 ms and 16 MiB; RFC 7914's interactive parameters. Part of the format, so never to be changed. */
const scryptCost: ScryptOptions = { N: 16_384, r: 8, p: 1 };
const keyBytes = 32;

/** What is wrong with the text, as a sentence; null when it is well. */
export function passwordHashFault(text: string): string | null {
  return typeof parsePasswordHash(text) === "string"
    ? "a password is scrypt:SALT:KEY, sha256:SALT:DIGEST (base64) or plain:PASSWORD"
    : null;
}

/** Gives the fault as a string. */
export function parsePasswordHash(text: string): PasswordHash | string {
  if (text.startsWith("plain:")) {
    const salt = randomBytes(16);
    return { kind: "sha256", salt, key: digest(salt, text.slice("plain:".length)) };
  }
  const found = /^(scrypt|sha256):([A-Za-z0-9+/=]*):([A-Za-z0-9+/=]+)$/.exec(text);
  const kind = found?.[1] === "scrypt" ? "scrypt" : "sha256";
  const salt = Buffer.from(found?.[2] ?? "", "base64");
  const key = Buffer.from(found?.[3] ?? "", "base64");
  const isKeyRight = kind === "sha256" ? key.length === 32 : key.length >= 16 && key.length <= 128;
  return found === null || !isKeyRight ? "not a password hash" : { kind, salt, key };
}

/** Makes a hash to be written into a configuration. Takes some 50 ms. */
export function hashPassword(password: string, salt: Buffer = randomBytes(16)): string {
  const key = scryptSync(password, salt, keyBytes, scryptCost);
  return `scrypt:${salt.toString("base64")}:${key.toString("base64")}`;
}

/** Calls back at once for sha256, and from the thread pool for scrypt. */
export function verifyPassword(hash: PasswordHash, password: string, done: (isRight: boolean) => void): void {
  if (hash.kind === "sha256") {
    done(timingSafeEqual(digest(hash.salt, password), hash.key));
    return;
  }
  scrypt(password, hash.salt, hash.key.length, scryptCost, (error, key) => {
    done(error === null && timingSafeEqual(key, hash.key));
  });
}

function digest(salt: Buffer, password: string): Buffer {
  return createHash("sha256").update(salt).update(password, "utf8").digest();
}
