/** What a configuration names outside itself: modules of policies, files of passwords, where the access log goes. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { ConfigError } from "../../src/runtime/config-error.ts";
import { testAuthorityPem, testCertificatePem, testKeyPem } from "../support/certificates.ts";
import { freePorts } from "../support/free-ports.ts";
import { startBalancerRig } from "../support/balancer-rig.ts";

const folder = mkdtempSync(join(tmpdir(), "headgate-"));
after(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const lastPolicy = file(
  "last.mjs",
  `export default (parts, { from }) => ({
    needsKey: true,
    pick: (eligible, key, tried) => eligible.filter((e) => !tried.includes(e) && key !== "").at(-from) ?? null,
  });`,
);

for (const workers of [0, 2]) {
  test(`a policy from a module serves with ${workers} workers`, async () => {
    const policy = {
      name: "module",
      path: lastPolicy,
      options: { from: 2 },
      key: "${request.path}",
    } as const;
    await using rig = await startBalancerRig({
      origins: ["a", "b", "c"],
      pool: { policy },
      config: { workers },
    });
    assert.deepEqual(await rig.bodies(3), ["b", "b", "b"]);
  });
}

const brokenModules: readonly (readonly [name: string, text: string, reason: RegExp])[] = [
  ["no-default.mjs", "export const policy = 1;", /no function/],
  ["no-pick.mjs", "export default () => ({ needsKey: false });", /no method pick/],
  ["no-key.mjs", "export default () => ({ pick: () => null });", /no needsKey/],
  ["throws.mjs", "export default () => { throw new Error('not today'); };", /not today/],
  ["syntax.mjs", "export default (", /Unexpected/],
];

for (const [name, text, reason] of brokenModules) {
  test(`a module that makes no policy is refused with its place: ${name}`, async () => {
    const policy = { name: "module", path: file(name, text) } as const;
    await assert.rejects(startBalancerRig({ origins: ["a"], pool: { policy } }), (error: unknown) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.message, reason);
      assert.deepEqual(error.issues[0]?.path, ["pools", "app", "policy", "path"]);
      return true;
    });
  });
}

test("a function as a policy and worker threads do not go together, and the error says what does", async () => {
  const policy = () => ({ needsKey: false, pick: () => null });
  await assert.rejects(
    startBalancerRig({ origins: ["a"], pool: { policy }, config: { workers: 1 } }),
    (error: unknown) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.issues[0]?.allowed ?? "", /workers: 0, or a module/);
      return true;
    },
  );
});

test("what a route's templates ask for is checked before anything changes", async () => {
  const route = { match: { path: "/:id" }, rewrite: { path: "/${capture.name}" } };
  await assert.rejects(startBalancerRig({ origins: ["a"], route }), (error: unknown) => {
    assert.ok(error instanceof ConfigError);
    assert.deepEqual(error.issues[0]?.path, ["routes", 0, "rewrite", "path"]);
    return true;
  });
});

test("a file of passwords lets its users in, besides those of the configuration", async () => {
  const users = file("users", "# the crew\n\nann:plain:secret-of-ann\nbob:plain:old\n");
  const route = { basicAuth: { file: users, users: { bob: "plain:new" } } };
  await using rig = await startBalancerRig({ origins: ["a"], route });
  const status = async (credentials: string): Promise<number> => {
    const authorization = `Basic ${Buffer.from(credentials).toString("base64")}`;
    return (await rig.ask({ headers: { authorization } })).status;
  };
  assert.equal(await status("ann:secret-of-ann"), 200);
  assert.equal(await status("bob:new"), 200);
  assert.equal(await status("bob:old"), 401);
  assert.equal(await status("eve:anything"), 401);
});

test("a file of passwords with mistakes is refused, line by line", async () => {
  const users = file("bad-users", "ann:plain:x\nno colon\nbob:md5:abc\n");
  await assert.rejects(
    startBalancerRig({ origins: ["a"], route: { basicAuth: { file: users } } }),
    (error: unknown) => {
      assert.ok(error instanceof ConfigError);
      assert.deepEqual(
        error.issues.map(({ message }) => /line \d/.exec(message)?.[0]),
        ["line 2", "line 3"],
      );
      return true;
    },
  );
});

const noOpenssl = spawnSync("openssl", ["version"]).error !== undefined && "openssl not installed";

/** Until somebody takes connections on the port. */
async function listening(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    const isThere = await new Promise((resolve) => {
      socket.on("connect", () => resolve(true)).on("error", () => resolve(false));
    });
    socket.destroy();
    if (isThere === true) return;
  }
}

test(
  "lines of the access log reach a syslog receiver over TLS, verified by the authority in a file",
  { skip: noOpenssl, timeout: 60_000 },
  async (t) => {
    const authority = file("log-ca.pem", testAuthorityPem);
    const [cert, key] = [file("log-cert.pem", testCertificatePem), file("log-key.pem", testKeyPem)];
    const port = await freePorts(1);
    const options = ["s_server", "-quiet", "-accept", `127.0.0.1:${port}`, "-cert", cert, "-key", key];
    // It ends with its input.
    const receiver = spawn("openssl", options, { stdio: ["pipe", "pipe", "ignore"] });
    t.after(() => void receiver.kill("SIGKILL"));
    const received = Promise.withResolvers<string>();
    let output = "";
    receiver.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      if (output.includes("}")) received.resolve(output);
    });
    await listening(port);
    await using rig = await startBalancerRig({
      origins: ["a"],
      config: { accessLog: { path: `syslog+tls://localhost:${port}`, ca: authority } },
    });
    await rig.ask("/logged");
    assert.match(await received.promise, /\d+ <134>1 \S+Z \S+ headgate \d+ access - \{.*"target":"\/logged"/);
  },
);

test("an authority of the access log that cannot be read is refused with its place", async () => {
  const accessLog = { path: "syslog+tls://localhost", ca: join(folder, "absent.pem") };
  await assert.rejects(startBalancerRig({ origins: ["a"], config: { accessLog } }), (error: unknown) => {
    assert.ok(error instanceof ConfigError);
    assert.deepEqual(error.issues[0]?.path, ["accessLog", "ca"]);
    return true;
  });
});

/** Listens on unix sockets of both kinds, which Node cannot do, until its input ends. */
const twoSockets = `import os, socket, sys
for name, kind in (("dgram", socket.SOCK_DGRAM), ("stream", socket.SOCK_STREAM)):
    s = socket.socket(socket.AF_UNIX, kind)
    s.bind(os.path.join(os.getcwd(), name))
    if kind == socket.SOCK_STREAM: s.listen()
    globals()[name] = s
print("ready", flush=True)
sys.stdin.read()`;
const noPython =
  process.platform !== "linux"
    ? "only Linux tells the kind of a socket"
    : spawnSync("python3", ["-V"]).error !== undefined && "python3 not installed";

test(
  "a datagram socket as the access log's receiver is refused, and the remedy named",
  { skip: noPython },
  async (t) => {
    const child = spawn("python3", ["-c", twoSockets], { cwd: folder, stdio: ["pipe", "pipe", "inherit"] });
    t.after(() => void child.stdin.end());
    await once(child.stdout, "data");
    const issue = async (path: string): Promise<string> => {
      const started = startBalancerRig({ origins: ["a"], config: { accessLog: { path } } });
      const error: unknown = await started.then(
        async (rig) => {
          await rig[Symbol.asyncDispose]();
        },
        (reason: unknown) => reason,
      );
      if (error === undefined) return "fine";
      assert.ok(error instanceof ConfigError);
      assert.deepEqual(error.issues[0]?.path, ["accessLog", "path"]);
      return `${error.issues[0]?.message}: ${error.issues[0]?.allowed}`;
    };
    assert.match(await issue(`syslog+unix:${folder}/dgram`), /takes datagrams.*syslog:\/\/127\.0\.0\.1:514/);
    assert.match(await issue(join(folder, "dgram")), /takes datagrams/);
    assert.match(await issue(join(folder, "stream")), /a socket, not a file: syslog\+unix:/);
    assert.equal(await issue(`syslog+unix:${folder}/stream`), "fine");
  },
);
