/**
 * Proves the package as a stranger meets it: packed, installed into an empty folder, its types compiled
 * against, its command and its library run under the pinned Node and under the oldest supported line.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { consumerSource, consumerTsconfig } from "./package-consumer.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const oldestLine = 24;
const unwanted = /\.test\.|\.map$|^src\/|^test\/|^bench\/|^node_modules\//;

interface PackReport {
  readonly filename: string;
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

/** Runs a command to its end and returns what it printed; throws with all of it when it fails. */
function run(command: readonly string[], folder: string, nodeFolder?: string): string {
  const [program = "", ...parameters] = command;
  const search =
    nodeFolder === undefined ? process.env["PATH"] : nodeFolder + delimiter + process.env["PATH"];
  const result = spawnSync(program, parameters, {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, PATH: search },
    timeout: 180_000,
  });
  if (result.error !== undefined || result.status !== 0) {
    throw new Error(
      `${command.join(" ")} failed (${result.status})\n${result.stdout}${result.stderr}${String(result.error ?? "")}`,
    );
  }
  return result.stdout.trim();
}

function check(claim: string, isTrue: boolean, found: string): void {
  if (!isTrue) throw new Error(`${claim}: found ${found}`);
  console.log(`  ok  ${claim} (${found})`);
}

/** Packs, looks at the list of files, and returns the tarball's path. */
function pack(folder: string): string {
  // The build prints too; npm's report is the JSON at the end.
  const printed = run(["npm", "pack", "--json", "--pack-destination", folder], root);
  const parsed = JSON.parse(printed.slice(printed.search(/^[[{]/m))) as Record<string, PackReport>;
  const report = Object.values(parsed)[0];
  if (report === undefined) throw new Error(`npm pack printed no report:\n${printed}`);
  const paths = report.files.map(({ path }) => path);
  const strangers = paths.filter((path) => unwanted.test(path));
  check(
    "the package holds no sources and no tests",
    strangers.length === 0,
    `${paths.length} files, ${report.size} bytes`,
  );
  for (const path of [
    "bin/headgate.js",
    "dist/index.js",
    "dist/index.d.ts",
    "dist/cli/main.js",
    "dist/dashboard/index.html",
    "LICENSE",
  ]) {
    if (!paths.includes(path)) throw new Error(`the package lacks ${path}`);
  }
  return join(folder, report.filename);
}

function installConsumer(folder: string, tarball: string): void {
  mkdirSync(folder);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
  writeFileSync(join(folder, "consumer.ts"), consumerSource);
  writeFileSync(join(folder, "tsconfig.json"), consumerTsconfig(join(root, "node_modules", "@types")));
  run(["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", tarball], folder);
}

/** The folder of a Node of the oldest supported line, installed through npm. */
function installOldestNode(folder: string): string {
  mkdirSync(folder);
  writeFileSync(
    join(folder, "package.json"),
    JSON.stringify({ private: true, allowScripts: { node: true } }),
  );
  run(["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", `node@${oldestLine}`], folder);
  return join(folder, "node_modules", "node", "bin");
}

function tryUnder(nodeFolder: string, consumer: string, version: string): void {
  const node = run([join(nodeFolder, "node"), "--version"], consumer);
  const printed = run([join("node_modules", ".bin", "headgate"), "--version"], consumer, nodeFolder);
  check(`headgate --version under Node ${node}`, printed.includes(version), printed);
  const answer = run([join(nodeFolder, "node"), "consumer.js"], consumer);
  check(`the library balances under Node ${node}`, answer === `balanced under ${node}`, answer);
}

/** The Node that npm itself runs on may be too old; then the command must say so in words. */
function tryTooOldNode(consumer: string): void {
  const outer = process.env["npm_node_execpath"];
  const version = outer === undefined ? "" : run([outer, "--version"], consumer);
  const major = Number(/^v(\d+)/.exec(version)?.[1] ?? oldestLine);
  if (outer === undefined || major >= oldestLine) {
    console.log("  --  no older Node at hand to be refused");
    return;
  }
  const command = join(consumer, "node_modules", "headgate", "bin", "headgate.js");
  const { status, stderr } = spawnSync(outer, [command, "--version"], { encoding: "utf8" });
  const isClear =
    status === 1 &&
    stderr.includes(version.slice(1)) &&
    stderr.includes("24.12") &&
    !stderr.includes("    at ");
  check(`Node ${version} is refused in words`, isClear, stderr.trim().split("\n")[0] ?? "");
}

const folder = mkdtempSync(join(tmpdir(), "headgate-package-"));
try {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  const tarball = pack(folder);
  const consumer = join(folder, "consumer");
  installConsumer(consumer, tarball);
  run([join(root, "node_modules", ".bin", "tsc"), "-p", "."], consumer);
  console.log("  ok  the types compile for a stranger");
  tryUnder(dirname(process.execPath), consumer, version);
  const oldest = installOldestNode(join(folder, "oldest-node"));
  check(
    "the oldest line is what it claims",
    run([join(oldest, "node"), "--version"], folder).startsWith(`v${oldestLine}.`),
    oldest.includes("oldest-node") ? `v${oldestLine}` : oldest,
  );
  tryUnder(oldest, consumer, version);
  tryTooOldNode(consumer);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
