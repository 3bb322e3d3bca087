/**
 * Asks a real nginx whom it would choose, and compares. Its servers are closed ports: the choice is read
 * from a response header, so nothing but nginx has to run, and nothing listens but a socket file.
 */
import assert from "node:assert/strict";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import type { IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, it } from "node:test";
import { createPolicy, type PolicySpec } from "../../src/balancing/create-policy.ts";
import type { Candidate } from "../../src/balancing/policy.ts";
import { fakeCandidate, seededParts } from "./policy-contract.ts";

interface Case {
  readonly title: string;
  readonly spec: PolicySpec;
  readonly directive: string;
  readonly weights: readonly number[];
  readonly down?: readonly number[];
  readonly keys: readonly string[];
}

const words = Array.from({ length: 300 }, (_, i) => `key-${(i * 7919) % 10_007}`);
const addresses = Array.from({ length: 300 }, (_, i) =>
  i % 3 === 0
    ? `2001:db8:${i.toString(16)}::${(i * 31) % 9973}`
    : `${1 + (i % 200)}.${(i * 37) % 256}.${i % 256}.7`,
);

const cases: readonly Case[] = [
  { title: "ketama", spec: { name: "hash" }, directive: "hash $http_x_key consistent;", weights: [1, 1, 1], keys: words },
  { title: "ketama with weights", spec: { name: "hash" }, directive: "hash $http_x_key consistent;", weights: [5, 1, 2, 40], keys: words },
  { title: "ketama with a server down", spec: { name: "hash" }, directive: "hash $http_x_key consistent;", weights: [1, 3, 1, 1], down: [1], keys: words },
  { title: "plain hash", spec: { name: "hash", algorithm: "modulo" }, directive: "hash $http_x_key;", weights: [1, 4, 2], keys: words },
  { title: "plain hash with servers down", spec: { name: "hash", algorithm: "modulo" }, directive: "hash $http_x_key;", weights: [1, 4, 2, 1], down: [0, 1], keys: words },
  { title: "ip_hash", spec: { name: "ip-hash" }, directive: "ip_hash;", weights: [1, 1, 1, 1], keys: addresses },
  { title: "ip_hash with weights and a server down", spec: { name: "ip-hash" }, directive: "ip_hash;", weights: [3, 1, 2], down: [0], keys: addresses },
  { title: "round robin 5/1/1", spec: { name: "round-robin" }, directive: "", weights: [5, 1, 1], keys: words.slice(0, 30) },
  { title: "round robin with many weights", spec: { name: "round-robin" }, directive: "", weights: [3, 7, 1, 7, 2, 10], keys: words },
  { title: "least_conn of an idle pool", spec: { name: "least-request" }, directive: "least_conn;", weights: [4, 1, 2], keys: words.slice(0, 30) },
]; // prettier-ignore

const reason = spawnSync("nginx", ["-v"]).error === undefined ? false : "nginx is not installed";

describe("agreement with nginx", { skip: reason }, () => {
  const folder = mkdtempSync(join(tmpdir(), "headgate-nginx-"));
  const socketPath = join(folder, "front.sock");
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let nginx: ChildProcess;

  before(async () => {
    writeFileSync(join(folder, "nginx.conf"), configuration(folder, socketPath));
    nginx = spawn("nginx", ["-p", folder, "-e", "stderr", "-c", join(folder, "nginx.conf")], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    const lines: string[] = [];
    for await (const line of createInterface({ input: nginx.stderr! })) {
      if (line.includes("start worker process ")) return;
      lines.push(line);
    }
    assert.fail(`nginx did not start: ${lines.join("\n")}`);
  });

  after(async () => {
    agent.destroy();
    if (nginx.exitCode === null && nginx.kill("SIGTERM")) await once(nginx, "exit");
    rmSync(folder, { recursive: true });
  });

  for (const [index, { title, spec, weights, down = [], keys }] of cases.entries()) {
    it(title, async () => {
      const all = weights.map((weight, i) => fakeCandidate({ name: serverName(i), weight }));
      const eligible = all.filter((_, i) => !down.includes(i));
      const policy = createPolicy(spec, seededParts(1));
      policy.build?.(all);
      const theirs: string[] = [];
      const ours: (Candidate["name"] | undefined)[] = [];
      for (const key of keys) {
        theirs.push(await chosenByNginx(agent, socketPath, index, key));
        ours.push(policy.pick(eligible, key, [])?.name);
      }
      assert.deepEqual(ours, theirs);
    });
  }
});

/** Ports on which nothing can listen without our knowing; only their number matters. */
function serverName(index: number): string {
  return `127.0.0.1:${index + 1}`;
}

function configuration(folder: string, socketPath: string): string {
  const upstreams = cases.map(({ directive, weights, down = [] }, index) => {
    const servers = weights.map(
      (weight, i) =>
        `server ${serverName(i)} weight=${weight} max_fails=0${down.includes(i) ? " down" : ""};`,
    );
    return `upstream case${index} { ${directive} ${servers.join(" ")} }`;
  });
  const locations = cases.map((_, index) => `location /${index} { proxy_pass http://case${index}; }`);
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (kind) => `${kind}_temp_path ${folder}/${kind};`,
  );
  return `
    daemon off; worker_processes 1; pid ${folder}/nginx.pid; error_log stderr notice;
    ${process.getuid?.() === 0 ? "user root;" : ""}
    events { worker_connections 64; }
    http {
      access_log off; keepalive_requests 100000; ${temporary.join(" ")}
      ${upstreams.join("\n")}
      server {
        listen unix:${socketPath};
        set_real_ip_from unix:; real_ip_header X-Key;
        proxy_next_upstream off;
        add_header X-Chosen $upstream_addr always;
        ${locations.join("\n")}
      }
    }`;
}

async function chosenByNginx(agent: Agent, socketPath: string, index: number, key: string): Promise<string> {
  const sent = request({ socketPath, agent, path: `/${index}`, headers: { host: "a", "x-key": key } });
  sent.end();
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  response.resume();
  await once(response, "end");
  return String(response.headers["x-chosen"]);
}
