import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { RunningCommand, runCommand } from "../../test/support/command.ts";

async function serve(
  t: TestContext,
  status: () => number,
  port = 0,
): Promise<{ server: Server; port: number; url: string }> {
  const server = createServer((_request, response) => void response.writeHead(status()).end());
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const bound = (server.address() as AddressInfo).port;
  return { server, port: bound, url: `http://localhost:${bound}` };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}

test("headgate health --once prints a table and ends with 0 when all are up", async (t) => {
  const [a, b] = [await serve(t, () => 200), await serve(t, () => 204)];
  const { status, stdout } = await runCommand([
    "health",
    `-backends=${a.url},${b.url}`,
    "--once",
    "--path",
    "/health",
  ]);
  assert.equal(status, 0);
  const lines = stdout.trimEnd().split("\n");
  assert.match(lines[0] ?? "", /^ENDPOINT +STATE +LATENCY +ANSWER$/);
  assert.match(lines[1] ?? "", new RegExp(`^localhost:${a.port} +up +[\\d.]+ ms +status 200$`));
  assert.match(lines[2] ?? "", new RegExp(`^localhost:${b.port} +up +[\\d.]+ ms +status 204$`));
});

test("headgate health --once ends with 1 when any is down, and says why", async (t) => {
  const [ill, port] = [await serve(t, () => 500), await freePort()];
  const urls = `${ill.url},http://localhost:${port},http://no-such-name.invalid`;
  const { status, stdout } = await runCommand(["health", "--backends", urls, "--once", "--path", "/"]);
  assert.equal(status, 1);
  assert.match(stdout, / down .*status 500/);
  assert.match(stdout, / down .*connection refused/);
  assert.match(stdout, / down .*the name has no address/);
});

test("without a path it only connects", async (t) => {
  const { url } = await serve(t, () => 500);
  const { status, stdout } = await runCommand(["health", "--backends", url, "--once"]);
  assert.equal(status, 0);
  assert.match(stdout, / up .*connected/);
});

test("--once --json prints an array", async (t) => {
  const { url, port } = await serve(t, () => 503);
  const { status, stdout } = await runCommand([
    "health",
    "--backends",
    url,
    "--once",
    "--json",
    "--path",
    "/",
  ]);
  assert.equal(status, 1);
  const rows = JSON.parse(stdout) as Record<string, unknown>[];
  assert.equal(rows.length, 1);
  const { latencyMs, ...row } = rows[0] ?? {};
  assert.equal(typeof latencyMs, "number");
  assert.deepEqual(row, {
    endpoint: `localhost:${port}`,
    state: "down",
    answer: "status 503",
    cause: "status",
  });
});

test("without --once every change of state is a line, until a signal ends it with 0", async (t) => {
  let status = 200;
  const { url, port } = await serve(t, () => status);
  const command = new RunningCommand(["health", "--backends", url, "--path", "/", "--interval", "20ms"]);
  t.after(() => command.dispose());
  await command.until(new RegExp(`^\\d\\d:\\d\\d:\\d\\d localhost:${port} is up: status 200$`, "m"));
  status = 500;
  await command.until(/is down: status 500 \(was up for \d+ s\)/);
  status = 200;
  await command.until(/is up: status 200 \(was down for \d+ s\)/);
  command.process.kill("SIGINT");
  assert.equal(await command.exited, 0);
  assert.equal(command.stdout.trim().split("\n").length, 3, command.stdout);
});

test("changes as JSON are one object a line", async (t) => {
  const { url, port } = await serve(t, () => 200);
  const command = new RunningCommand(["health", "--backends", url, "--json"]);
  t.after(() => command.dispose());
  const line = (await command.until(/^\{.*\}$/m))[0];
  const { time, latencyMs, ...change } = JSON.parse(line) as Record<string, unknown>;
  assert.ok(Date.parse(String(time)) > 0 && typeof latencyMs === "number");
  assert.deepEqual(change, {
    endpoint: `localhost:${port}`,
    state: "up",
    from: "unproven",
    answer: "connected",
    cause: null,
  });
});

for (const [args, pattern] of [
  [["health"], /nothing to probe/],
  [["health", "--backends", "localhost:1"], /Did you mean http:\/\/localhost:1\?/],
] as const) {
  test(`headgate ${args.join(" ")} is refused with an explanation`, async () => {
    const { status, stderr } = await runCommand(args);
    assert.equal(status, 1);
    assert.match(stderr, pattern);
    assert.doesNotMatch(stderr, /^\s+at /m);
  });
}
