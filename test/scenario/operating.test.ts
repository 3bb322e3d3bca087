/** The verbs as an operator uses them: child processes that speak to a running Headgate. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { RunningCommand, runCommand } from "../support/command.ts";
import { type HeadgateProcess, startBackend, startHeadgateProcess } from "../support/headgate-process.ts";

interface Bench {
  readonly headgate: HeadgateProcess;
  readonly one: string;
  readonly two: string;
  config(more?: string): string;
  verb(...args: string[]): Promise<{ status: number | string; stdout: string; stderr: string }>;
  /** Rejects unless the verb ends with 0. */
  ok(...args: string[]): Promise<string>;
  names(count: number): Promise<string[]>;
}

async function startBench(t: TestContext, args: readonly string[] = []): Promise<Bench> {
  const { url: one } = await startBackend(t, (_request, response) => response.end("one"));
  const { url: two } = await startBackend(t, (_request, response) => response.end("two"));
  const config = (more = ""): string => `listeners: ["127.0.0.1:0"]
workers: 0
pools:
  app:
    policy: round-robin
    endpoints:
      - { name: b1, url: "${one}" }
      - { name: b2, url: "${two}" } # the second
routes: [{ name: all, pool: app }]
admin: 127.0.0.1:0
${more}`;
  const headgate = await startHeadgateProcess(t, config(), { args });
  const verb = (...words: string[]): ReturnType<typeof runCommand> =>
    runCommand(words, { HEADGATE_ADMIN: headgate.adminUrl });
  const ok = async (...words: string[]): Promise<string> => {
    const { status, stdout, stderr } = await verb(...words);
    assert.equal(status, 0, `${words.join(" ")}: ${stdout}${stderr}`);
    return stdout;
  };
  const names = async (count: number): Promise<string[]> => {
    const found: string[] = [];
    for (let i = 0; i < count; i++) found.push(await (await fetch(headgate.url)).text());
    return found.toSorted();
  };
  return { headgate, one, two, config, verb, ok, names };
}

const patient = { timeout: 120_000 };

test(
  "a day's work: status, drain, ready, weight, add, remove, drift, persist, rollback",
  patient,
  async (t) => {
    const { headgate, two, ok, names, verb } = await startBench(t);
    assert.match(await ok("status"), /revision 1[\s\S]*app +round-robin +2 of 2/);
    assert.match(await ok("endpoints"), /app +b1 +config +up[\s\S]*app +b2 +config +up/);

    assert.match(await ok("drain", "b1", "--deadline", "30s"), /b1 +\w+ +draining/);
    assert.deepEqual(await names(3), ["two", "two", "two"]);
    assert.match(await ok("drift"), /endpoints\.b1\.state: ready → draining[\s\S]*persist/);
    assert.match(await ok("ready", "app/b1"), /b1 +\w+ +up/);
    assert.match(await ok("weight", "b2", "3"), /b2 +\w+ +up +3/);
    assert.deepEqual(await names(4), ["one", "two", "two", "two"]);
    assert.match(await ok("maintenance", two), /b2 +\w+ +maintenance/);
    assert.match(await ok("add", "app", two, "--name", "b3", "--weight", "2"), /b3 +\w+ +up +2/);
    assert.match(await ok("remove", "b2"), /app\/b2: removed, finished/);

    assert.match(await ok("persist"), /app\/b2, app\/b3/);
    const file = readFileSync(headgate.file, "utf8");
    assert.match(file, /name: b3/);
    assert.doesNotMatch(file, /name: b2/);
    assert.match(await ok("drift"), /none/);

    assert.match(await ok("rollback"), /revision \d+ is back[\s\S]*- pools\.app\.endpoints\.b3|is back/);
    assert.match(await ok("revisions"), /\*\d+ .*rollback +local/);
    assert.match(await ok("rollback", "1"), /revision 1 is back/);
    assert.deepEqual(await names(2), ["one", "two"]);

    const unknown = await verb("drain", "b9");
    assert.deepEqual(
      [unknown.status, /no endpoint is called 'b9'[\s\S]*app\/b1/.test(unknown.stderr)],
      [1, true],
    );
    const json = JSON.parse(await ok("endpoints", "app", "--json")) as { endpoints: { name: string }[] };
    assert.deepEqual(
      json.endpoints.map(({ name }) => name),
      ["b1", "b2"],
    );
  },
);

test(
  "a broken file changes nothing, says where it is broken, and is forgotten once mended",
  patient,
  async (t) => {
    const { headgate, config, ok, verb, names } = await startBench(t);
    headgate.write(config("polcy: 3\n"));
    const refused = await verb("reload");
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /headgate\.yaml:\d+:1: error: the configuration has no key 'polcy'/);
    headgate.command.process.kill("SIGHUP");
    await headgate.command.until(
      /"way":"signal"[^\n]*"message":"reload refused, the configuration in force stays"/,
    );
    const status = await verb("status");
    assert.equal(status.status, 1, "a refused reload shows in the exit status");
    assert.match(status.stdout, /last reload: .*signal, REFUSED[\s\S]*polcy/);
    assert.deepEqual(await names(2), ["one", "two"]);

    headgate.write(config("via: mended\n"));
    assert.match(await ok("reload"), /revision 2 is in force[\s\S]*~ via: headgate → mended/);
    assert.match(await ok("status"), /last reload: .*reload by local, applied/);
    assert.match(await ok("reload"), /nothing has changed; revision 2 stays/);
  },
);

test("with --watch a file that is replaced is read again, one with errors is told", patient, async (t) => {
  const { headgate, config, ok } = await startBench(t, ["--watch"]);
  const next = join(headgate.folder, "next.yaml");
  writeFileSync(next, config("via: renamed\n"));
  renameSync(next, headgate.file);
  await headgate.command.until(/"way":"watch"[^\n]*"message":"reloaded"/);
  assert.match(await ok("revisions"), /\*2 .*watch/);
  headgate.write("pools: [\n");
  await headgate.command.until(/"way":"watch"[^\n]*reload refused/);
  headgate.write(config("include: more.yaml\n"));
  await headgate.command.until(/more\.yaml/);
  writeFileSync(join(headgate.folder, "more.yaml"), "via: included\n");
  await headgate.command.until(/"revision":3[^\n]*"message":"reloaded"/);
});

test(
  "a run-time edit outlives a reload about something else, and --discard-drift ends it",
  patient,
  async (t) => {
    const { headgate, config, ok, names } = await startBench(t);
    await ok("drain", "b2");
    headgate.write(config("via: other\n"));
    assert.match(await ok("reload"), /run-time changes kept: app\/b2/);
    assert.deepEqual(await names(2), ["one", "one"]);
    await ok("reload", "--discard-drift");
    assert.deepEqual(await names(2), ["one", "two"]);
  },
);

test(
  "drain --wait shows progress, ends when the last request has, and fails at the deadline",
  patient,
  async (t) => {
    const bench = await startBench(t);
    const held = Promise.withResolvers<() => void>();
    const { url } = await startBackend(t, (_request, response) => {
      response.write("begun");
      held.resolve(() => response.end());
    });
    await bench.ok("add", "app", url, "--name", "slow");
    await bench.ok("maintenance", "b1");
    await bench.ok("maintenance", "b2");
    const answer = fetch(bench.headgate.url).then((response) => response.text());
    const isCut = assert.rejects(answer);
    await held.promise;
    const waiting = new RunningCommand(["drain", "slow", "--wait"], {
      HEADGATE_ADMIN: bench.headgate.adminUrl,
    });
    t.after(() => waiting.dispose());
    await waiting.until(/under-way: 1 active of 1/);
    const late = await bench.verb("drain", "slow", "--deadline", "1ms", "--wait");
    assert.equal(late.status, 1);
    assert.match(late.stdout, /deadline-passed: \d active of 1[^\n]*, 1 ended at the deadline/);
    await isCut;
    assert.equal(await waiting.exited, 1);
    assert.match(await bench.ok("endpoints"), /slow +\w+ +maintenance/);
  },
);

test(
  "explain answers alike from the running one and from the file; events are shown and followed",
  patient,
  async (t) => {
    const { headgate, ok } = await startBench(t);
    const running = await ok(
      "explain",
      "GET",
      "http://example.com/x",
      "-H",
      "Cookie: a=b",
      "-H",
      "Cookie: c=d",
    );
    assert.match(running, /→ route all, pool app[\s\S]*b1 +yes/);
    assert.match(await ok("explain", "/x", "--config", headgate.file), /→ route all, pool app[\s\S]*b2 +yes/);
    const follower = new RunningCommand(["events", "--follow"], { HEADGATE_ADMIN: headgate.adminUrl });
    t.after(() => follower.dispose());
    await follower.until(/revision 1 is in force/);
    await ok("drain", "b1");
    await follower.until(/app: b1 is set to draining \(api:local\)/);
    follower.process.kill("SIGINT");
    assert.match(await ok("explain", "/x"), /b1 +no .*draining/);
  },
);

test(
  "check: errors, warnings, --diff with a file and with the running one, --routes, --print",
  patient,
  async (t) => {
    const { headgate, config, ok, verb } = await startBench(t);
    const next = join(headgate.folder, "next.yaml");
    writeFileSync(next, config("via: other\n"));
    assert.match(await ok("check", next), /is valid/);
    assert.match(await ok("check", next, "--diff", headgate.file), /~ via: headgate → other/);
    assert.match(await ok("check", next, "--diff", headgate.adminUrl), /~ via: headgate → other/);
    assert.match(await ok("check", next, "--print"), /via: other +# .*next\.yaml:\d+/);
    assert.match(
      await ok("check", next, "--routes", "GET http://h/x => all", "/y => app"),
      /ok {3}GET[\s\S]*ok {3}\/y/,
    );
    const wrong = await verb("check", next, "--routes", "/y => api");
    assert.deepEqual([wrong.status, wrong.stdout.trim()], [1, "FAIL /y => api, but route all, pool app"]);
    const warned = await verb("check", next, "--strict");
    assert.equal(warned.status, 1, "there is no health check");
    writeFileSync(next, "pools: { app: { policy: fastest } }\nbogus: 1\n");
    const broken = await verb("check", next);
    assert.equal(broken.status, 1);
    assert.match(broken.stderr, /next\.yaml:1:\d+[\s\S]*fastest[\s\S]*next\.yaml:2:1[\s\S]*2 errors/);
  },
);

test("verbs say in a sentence that nobody listens or that a token is missing", patient, async (t) => {
  const nobody = await runCommand(["status", "--url", "127.0.0.1:1"]);
  assert.equal(nobody.status, 1);
  assert.match(nobody.stderr, /^headgate: nobody listens at 127\.0\.0\.1:1/);
  const { url } = await startBackend(t, (_request, response) => response.end());
  const headgate = await startHeadgateProcess(
    t,
    `listeners: ["127.0.0.1:0"]
workers: 0
pools: { app: { endpoints: ["${url}"] } }
admin: { address: "127.0.0.1:0", tokens: [{ token: "0123456789abcdef", scope: write }] }
`,
  );
  const missing = await runCommand(["status", "--url", headgate.adminUrl]);
  assert.match(missing.stderr, /HEADGATE_TOKEN/);
  const given = await runCommand(["status", "--url", headgate.adminUrl], {
    HEADGATE_TOKEN: "0123456789abcdef",
  });
  assert.equal(given.status, 0, given.stderr);
});

test(
  "the API on a unix socket is for its owner, and readiness ends before listeners close",
  patient,
  async (t) => {
    const arrived = Promise.withResolvers<() => void>();
    const { url } = await startBackend(t, (request, response) => {
      if (request.method === "HEAD") response.end();
      else arrived.resolve(() => response.end("late"));
    });
    const socketPath = join(tmpdir(), `headgate-test-${process.pid}.sock`);
    const headgate = await startHeadgateProcess(
      t,
      `listeners: ["127.0.0.1:0"]
workers: 0
pools: { app: { endpoints: ["${url}"] } }
admin: unix:${socketPath}
shutdown: { delay: 3s }
`,
    );
    assert.match((await runCommand(["status", "--url", `unix:${socketPath}`])).stdout, /revision 1/);
    const readiness = async (): Promise<number | undefined> => {
      const [response] = (await once(get({ socketPath, path: "/readyz" }), "response")) as [
        { statusCode?: number; resume(): void },
      ];
      response.resume();
      return response.statusCode;
    };
    assert.equal(await readiness(), 200);
    const answer = fetch(headgate.url).then((response) => response.text());
    const finish = await arrived.promise;
    headgate.command.process.kill("SIGQUIT");
    await headgate.command.until(/"message":"stopping"/);
    assert.equal(await readiness(), 503);
    const meanwhile = await fetch(headgate.url, { headers: { connection: "close" }, method: "HEAD" });
    assert.equal(meanwhile.status, 200, "listeners are still open");
    finish();
    assert.equal(await answer, "late");
    assert.equal(await headgate.command.exited, 0);
  },
);

for (const shell of ["bash", "zsh", "fish"] as const) {
  test(`completion for ${shell} names every verb and the options of each`, async () => {
    const { stdout, status } = await runCommand(["completion", shell]);
    assert.equal(status, 0);
    for (const word of ["drain", "reload", "explain", "check"])
      assert.match(stdout, new RegExp(`\\b${word}\\b`));
    assert.match(stdout, shell === "fish" ? /-l deadline/ : /--deadline/);
  });
}

test("bash completes verbs, options of a verb and nothing else", async () => {
  const { stdout: script } = await runCommand(["completion", "bash"]);
  const { spawnSync } = await import("node:child_process");
  const complete = (...words: string[]): string[] => {
    const assigned = words.map((word) => `'${word}'`).join(" ");
    const source = `${script}\nCOMP_WORDS=(headgate ${assigned}); COMP_CWORD=${words.length}; _headgate; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return spawnSync("bash", ["-c", source], { encoding: "utf8" }).stdout.trim().split("\n");
  };
  assert.deepEqual(complete("rel"), ["reload"]);
  assert.deepEqual(complete("drain", "b1", "--dea"), ["--deadline"]);
  assert.deepEqual(complete("check", "x", "--rou"), ["--routes"]);
});

test("persist writes into each file that is concerned, or into none", patient, async (t) => {
  const { url } = await startBackend(t, (_request, response) => response.end("ok"));
  const pool = (name: string): string =>
    `pools: { ${name}: { endpoints: [{ name: x, url: "${url}" }] } } # ${name}\n`;
  const shared = `x-list: &list [{ name: x, url: "${url}" }]\npools: { shared: { endpoints: *list } }\n`;
  const main = `listeners: ["127.0.0.1:0"]\nworkers: 0\ninclude: [a.yaml, b.yaml, c.yaml]\nroutes: [{ pool: one }, { name: two, match: { path: /2 }, pool: two }, { name: s, match: { path: /s }, pool: shared }]\nadmin: 127.0.0.1:0\n`;
  const headgate = await startHeadgateProcess(t, main, {
    files: { "a.yaml": pool("one"), "b.yaml": pool("two"), "c.yaml": shared },
  });
  const verb = async (...words: string[]): ReturnType<typeof runCommand> =>
    runCommand(words, { HEADGATE_ADMIN: headgate.adminUrl });
  const read = (name: string): string => readFileSync(join(headgate.folder, name), "utf8");
  for (const name of ["one/x", "two/x"]) await verb("weight", name, "7");
  const persisted = await verb("persist");
  assert.match(persisted.stdout, /wrote one\/x, two\/x to \S+a\.yaml and \S+b\.yaml/);
  for (const name of ["a.yaml", "b.yaml"]) assert.match(read(name), /weight: 7.*# (one|two)\n/);
  for (const name of ["one/x", "shared/x"]) await verb("weight", name, "9");
  const refused = await verb("persist");
  assert.deepEqual([refused.status, /c\.yaml.*no plain list/s.test(refused.stderr)], [1, true]);
  assert.doesNotMatch(read("a.yaml"), /weight: 9/);
});

test("schema prints what editors need, the same as the documentation's", async () => {
  const { status, stdout } = await runCommand(["schema"]);
  assert.equal(status, 0);
  const documented = readFileSync(new URL("../../docs/headgate.schema.json", import.meta.url), "utf8");
  assert.deepEqual(JSON.parse(stdout), JSON.parse(documented));
});
