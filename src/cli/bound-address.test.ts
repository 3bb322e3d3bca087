import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync, readlinkSync } from "node:fs";
import { createServer, type ListenOptions, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { boundAddressOf } from "./bound-address.ts";
import { inheritanceVariables, inheritedSecrets, takeInheritance } from "./inheritance.ts";

const nothingInherited = { sockets: [], admin: null, drift: [], ticketKeys: null };
const nobody = (): Promise<null> => Promise.resolve(null);

const system = {
  readLink: (path: string) => readlinkSync(path),
  readText: (path: string) => readFileSync(path, "utf8"),
};

async function bound(where: ListenOptions): Promise<{ server: Server; descriptor: number }> {
  const server = createServer().listen(where);
  await once(server, "listening");
  const { _handle: handle } = server as unknown as { _handle: { readonly fd: number } };
  return { server, descriptor: handle.fd };
}

test(
  "the kernel tells where a socket listens",
  { skip: process.platform !== "linux" && "reads /proc" },
  async (t) => {
    const path = join(tmpdir(), `headgate-bound-${process.pid}.sock`);
    for (const [where, pattern] of [
      [{ port: 0, host: "127.0.0.1" }, /^127\.0\.0\.1:\d+$/],
      [{ port: 0, host: "::1" }, /^\[::1\]:\d+$/],
      [{ port: 0, host: "::" }, /^\[::\]:\d+$/],
      [{ path }, new RegExp(`^unix:${path}$`)],
    ] as const) {
      const { server, descriptor } = await bound(where);
      t.after(() => server.close());
      const address = boundAddressOf(descriptor, system);
      assert.match(address ?? "", pattern);
      const place = server.address();
      if (typeof place === "object" && place !== null) assert.ok(address?.endsWith(`:${place.port}`));
    }
    assert.equal(boundAddressOf(0, system), null);
    assert.equal(boundAddressOf(9999, system), null);
  },
);

test("words of the kernel's tables are read in its order, and zeros shortened as RFC 5952 has it", () => {
  const tables = (address: string): typeof system => ({
    readLink: () => "socket:[77]",
    readText: (path) =>
      path === "/proc/net/tcp6" ? `  sl\n   0: ${address}:1F90 0:0 0A 0:0 0:0 0 0 0 77 1` : "",
  });
  for (const [words, text] of [
    ["B80D0120000000000000000001000000", "[2001:db8::1]:8080"],
    ["0000000000000000FFFF00000100007F", "[::ffff:7f00:1]:8080"],
    ["B80D0120000001000000010000000100", "[2001:db8:1:0:1:0:1:0]:8080"],
  ] as const) {
    assert.equal(boundAddressOf(5, tables(words)), text);
  }
});

test("what is inherited travels in the environment and is cleared there, but for keys", async () => {
  const inheritance = {
    sockets: [{ keys: ["127.0.0.1:80"], descriptor: 4, isPortShared: true }],
    admin: { address: "127.0.0.1:9900", descriptor: 5 },
    drift: [],
    ticketKeys: { keys: [new Uint8Array([7, 7, 7])], newestMadeWallMs: 1_700_000_000_000 },
  };
  const environment: NodeJS.ProcessEnv = { PATH: "/bin", ...inheritanceVariables(inheritance) };
  const text = Buffer.from(environment["HEADGATE_INHERITED"] ?? "", "base64");
  assert.ok(!text.includes(Buffer.from([7, 7, 7])), "keys would be seen in the environment");
  const secrets = inheritedSecrets(inheritance);
  const taken = await takeInheritance(environment, () => Promise.resolve(secrets));
  assert.deepEqual([...(taken.ticketKeys?.keys[0] ?? [])], [7, 7, 7]);
  assert.deepEqual({ ...taken, ticketKeys: null }, { ...inheritance, ticketKeys: null });
  assert.deepEqual(environment, { PATH: "/bin" });
  assert.deepEqual(await takeInheritance(environment, nobody), nothingInherited);
});

test("systemd's sockets are taken only by the process they are meant for", async () => {
  const environment: NodeJS.ProcessEnv = { LISTEN_PID: "1", LISTEN_FDS: "1", LISTEN_FDNAMES: "web" };
  assert.deepEqual(await takeInheritance(environment, nobody), nothingInherited);
  assert.deepEqual(environment, {});
});
