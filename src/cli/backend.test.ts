import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { RunningCommand, runCommand } from "../../test/support/command.ts";

function start(
  t: TestContext,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): RunningCommand {
  const command = new RunningCommand(args, environment);
  t.after(() => command.dispose());
  return command;
}

test("headgate backend says its port, answers and logs in its own manner", async (t) => {
  const command = start(t, ["backend", "--port", "0", "--name", "server-1"]);
  const port = (await command.until(/Listening on port (\d+)/))[1];
  const response = await fetch(`http://127.0.0.1:${port}/ping`);
  assert.equal(await response.text(), "pong");
  await command.until(
    /^\[Server 1\] \d\d [A-Z][a-z]+ \d{4} - \d{1,2}:\d\d:\d\d [AP]M - Received GET request from ::ffff:127\.0\.0\.1$/m,
  );
});

test("headgate backend takes its port from PORT", async (t) => {
  const command = start(t, ["backend"], { PORT: "0" });
  await command.until(/Listening on port [1-9]/);
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`headgate backend ends with 0 on ${signal}`, async (t) => {
    const command = start(t, ["backend", "-port=0"]);
    await command.until(/Listening/);
    command.process.kill(signal);
    assert.equal(await command.exited, 0);
  });
}

test("a busy port is told in a sentence with the port and what to do, and no stack", async () => {
  const other = createServer().listen(0);
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  const { status, stderr } = await runCommand(["backend", "--port", String(port)]);
  other.close();
  assert.equal(status, 1);
  assert.match(stderr, new RegExp(`^headgate: port ${port} is already in use.*--port`));
  assert.equal(stderr.trim().split("\n").length, 1);
});

for (const [args, pattern] of [
  [["backend", "--port", "70000"], /--port.*0 to 65535/],
  [["backend", "--delay", "5"], /--delay.*unit/],
  [["backend", "--fail-rate", "lots"], /--fail-rate.*20%/],
  [["backend", "--status", "42"], /--status.*200 to 599/],
  [["backend", "--nmae", "x"], /unknown option '--nmae'[\s\S]*--name/],
  [["bakend"], /there is no verb 'bakend'\. Did you mean 'backend'\?/],
  [["balance", "--port", "1"], /there is no verb 'balance'\. There are backend, health, demo/],
  [["backend", "extra"], /too many arguments/],
] as const) {
  test(`headgate ${args.join(" ")} is refused with an explanation`, async () => {
    const { status, stderr } = await runCommand(args);
    assert.equal(status, 1);
    assert.match(stderr, pattern);
    assert.doesNotMatch(stderr, /^\s+at /m);
  });
}
