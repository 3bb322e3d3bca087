/** What systemd does and hears: sockets it opened itself, and notices through `systemd-notify`. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { startBackend } from "../support/headgate-process.ts";

const entry = fileURLToPath(new URL("../../bin/headgate.js", import.meta.url));
const linuxOnly = process.platform !== "linux" && "systemd is Linux's";

test(
  "sockets that systemd opened are served, and it hears of readiness, life and the end",
  { skip: linuxOnly, timeout: 60_000 },
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "headgate-systemd-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const { url } = await startBackend(t, (_request, response) => response.end("one"));
    const web = createServer().listen(0, "127.0.0.1");
    const admin = createServer().listen(0, "127.0.0.1");
    await Promise.all([once(web, "listening"), once(admin, "listening")]);
    const [webPort, adminPort] = [web, admin].map((server) => (server.address() as AddressInfo).port);
    const descriptors = [web, admin].map(
      (server) => (server as unknown as { _handle: { fd: number } })._handle.fd,
    );

    const file = join(folder, "headgate.yaml");
    writeFileSync(
      file,
      `listeners: ["127.0.0.1:${webPort}"]
workers: 2
pools: { app: { endpoints: ["${url}"] } }
admin: 127.0.0.1:${adminPort}
`,
    );
    const notices = join(folder, "notices");
    const notifier = join(folder, "systemd-notify");
    writeFileSync(notifier, `#!/bin/sh\necho "$@" >> "${notices}"\n`);
    chmodSync(notifier, 0o755);

    // Only the process that is meant knows its own number, as with systemd.
    const script = `LISTEN_PID=$$ exec "${process.execPath}" "${entry}" run "${file}"`;
    const child = spawn("sh", ["-c", script], {
      stdio: ["ignore", "pipe", "pipe", ...descriptors],
      env: {
        ...process.env,
        PATH: `${folder}:${process.env["PATH"]}`,
        LISTEN_FDS: "2",
        LISTEN_FDNAMES: "web:admin",
        NOTIFY_SOCKET: join(folder, "notify.sock"),
        WATCHDOG_USEC: "200000",
      },
    });
    t.after(() => child.kill("SIGKILL"));
    web.close();
    admin.close();
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding("utf8").on("data", (text: string) => void (output += text));
    const until = async (what: string, holds: () => boolean): Promise<void> => {
      const giveUp = AbortSignal.timeout(20_000);
      while (!holds()) {
        if (giveUp.aborted) assert.fail(`waited in vain for ${what}: ${output}`);
        await new Promise((resolve) => void setImmediate(resolve));
      }
    };
    const said = (): string => (existsSync(notices) ? readFileSync(notices, "utf8") : "");

    await until("readiness", () => said().includes("READY=1"));
    assert.match(said(), new RegExp(`READY=1 MAINPID=${child.pid} STATUS=serving`));
    for (let i = 0; i < 5; i++) {
      const response = await fetch(`http://127.0.0.1:${webPort}`, { headers: { connection: "close" } });
      assert.equal(await response.text(), "one");
    }
    const status = await fetch(`http://127.0.0.1:${adminPort}/readyz`);
    assert.equal(status.status, 200);
    await until("signs of life", () => (said().match(/WATCHDOG=1/g) ?? []).length >= 2);
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    assert.deepEqual(await ended, [0, null], output);
    await until("the end", () => said().includes("STOPPING=1"));
  },
);
