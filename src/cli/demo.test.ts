import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { test, type TestContext } from "node:test";
import { RunningCommand, runCommand } from "../../test/support/command.ts";
import { freePorts } from "../../test/support/free-ports.ts";

interface Demo {
  readonly command: RunningCommand;
  readonly port: number;
  readonly url: string;
  /** Process numbers of the backends, in their order. */
  readonly pids: readonly number[];
}

async function startDemo(t: TestContext): Promise<Demo> {
  const port = await freePorts(5);
  const command = new RunningCommand(["demo", "--port", String(port)]);
  t.after(() => command.dispose());
  await command.until(/Ctrl-C stops everything/);
  const pids = [...command.stdout.matchAll(/server-\d +http:\/\/localhost:\d+ +process (\d+)/g)].map((row) =>
    Number(row[1]),
  );
  return { command, port, url: `http://127.0.0.1:${port}`, pids };
}

/** Resolves when no process has the number any more. */
async function gone(pid: number): Promise<void> {
  while (isAlive(pid)) await new Promise((later) => setTimeout(later, 20));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function whoAnswers(url: string, times: number): Promise<string[]> {
  const names: string[] = [];
  for (let i = 0; i < times; i++) {
    const response = await fetch(url);
    const body = await response.text();
    assert.equal(response.status, 200, body);
    names.push((JSON.parse(body) as { backend: string }).backend);
  }
  return names;
}

test("the demo balances over three backends, shows its counters and counts no favicon", async (t) => {
  const { url, pids, command } = await startDemo(t);
  assert.equal(pids.length, 3);
  assert.match(command.stdout, /kill \d+/);
  const [, dashboard = ""] = /(http:\/\/localhost:\d+) +the dashboard/.exec(command.stdout) ?? [];
  assert.match(await (await fetch(dashboard)).text(), /<title>Headgate<\/title>/);
  assert.deepEqual((await whoAnswers(url, 6)).toSorted(), [
    "server-1",
    "server-1",
    "server-2",
    "server-2",
    "server-3",
    "server-3",
  ]);
  assert.equal((await fetch(`${url}/favicon.ico`)).status, 204);
  const stats = (await (await fetch(`${url}/stats`)).json()) as {
    pools: { endpoints: { name: string; requests: number }[] }[];
  };
  assert.deepEqual(
    stats.pools.flatMap((pool) => pool.endpoints.map(({ name, requests }) => [name, requests])),
    [
      ["server-1", 2],
      ["server-2", 2],
      ["server-3", 2],
    ],
  );
});

test("a killed backend fails no request, and comes back when it is started again", async (t) => {
  const { url, pids, port, command } = await startDemo(t);
  process.kill(pids[2] ?? 0, "SIGKILL");
  const names = await whoAnswers(url, 10);
  assert.equal(names.includes("server-3"), false);
  await command.until(
    /server-3 was killed\. Bring it back with: npx headgate backend --port \d+ --name server-3/,
  );
  await command.until(/is down|"down"/);
  const again = new RunningCommand(["backend", "--port", String(port + 3), "--name", "server-3"]);
  t.after(() => again.dispose());
  await command.until(/(?:is down|"down")[\s\S]*(?:is up|"up")/);
  assert.ok((await whoAnswers(url, 3)).includes("server-3"));
});

test("Ctrl-C stops everything, with status 0", async (t) => {
  const { command, pids } = await startDemo(t);
  // A terminal sends it to the whole group.
  for (const pid of [...pids, command.process.pid ?? 0]) process.kill(pid, "SIGINT");
  assert.equal(await command.exited, 0);
  await Promise.all(pids.map(gone));
});

test("not even a killed demo leaves backends behind", async (t) => {
  const { command, pids } = await startDemo(t);
  command.process.kill("SIGKILL");
  await Promise.all(pids.map(gone));
});

for (const [offset, who] of [
  [0, "the balancer's"],
  [2, "a backend's"],
  [4, "the dashboard's"],
] as const) {
  test(`a busy port of ${who} is told in a sentence, and nothing is left running`, async (t) => {
    const port = await freePorts(5);
    const other = createServer().listen(port + offset);
    await once(other, "listening");
    t.after(() => other.close());
    const { status, stderr } = await runCommand(["demo", "--port", String(port)]);
    assert.equal(status, 1);
    assert.match(stderr, new RegExp(`port ${port + offset} is already in use.*headgate demo --port 9000`));
    assert.doesNotMatch(stderr, /^\s+at /m);
  });
}
