/** A real server (nginx, HAProxy, Redis) as a child process for the length of a test. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Longer than any of them takes to start on a busy machine. */
const patienceMs = 20_000;

/** Why tests with these programs cannot run here; false when they can. */
export function missing(...programs: readonly string[]): string | false {
  const absent = programs.filter((program) => spawnSync(program, ["-v"]).error !== undefined);
  return absent.length === 0 ? false : `${absent.join(" and ")} not installed`;
}

export class PeerProgram implements AsyncDisposable {
  readonly process: ChildProcess;
  readonly #folder: string;
  output = "";

  constructor(
    folder: string,
    command: string,
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ) {
    this.#folder = folder;
    const env = { ...process.env, ...environment };
    this.process = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], cwd: folder, env });
    for (const stream of [this.process.stdout, this.process.stderr])
      stream?.setEncoding("utf8").on("data", (text: string) => (this.output += text));
  }

  /** Until it accepts connections there. */
  async reachable(port: number): Promise<void> {
    const giveUp = AbortSignal.timeout(patienceMs);
    while (!giveUp.aborted && this.process.exitCode === null) if (await answers(port)) return;
    throw new Error(`it does not listen on ${port}: ${this.output}`);
  }

  async kill(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const gone = once(this.process, "exit");
    this.process.kill("SIGKILL");
    await gone;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => setImmediate(resolve, false));
  });
}

/** nginx in the foreground, as one process; `http` is what stands in its http section. */
export async function startNginx(
  port: number,
  http: string,
  files: Readonly<Record<string, string>> = {},
): Promise<PeerProgram> {
  const folder = folderWith({
    ...files,
    "nginx.conf": `daemon off; master_process off; pid nginx.pid; events {}
      http { access_log off; client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
             uwsgi_temp_path uwsgi; scgi_temp_path scgi; ${http} }`,
  });
  const program = new PeerProgram(folder, "nginx", [
    "-p",
    folder,
    "-e",
    "stderr",
    "-c",
    join(folder, "nginx.conf"),
  ]);
  await program.reachable(port);
  return program;
}

const nginxStreamModule = "/usr/lib/nginx/modules/ngx_stream_module.so";

/** Why nginx cannot pass on streams here; false when it can. */
export const noNginxStream: string | false = existsSync(nginxStreamModule)
  ? missing("nginx")
  : "needs the package libnginx-mod-stream";

/** nginx below HTTP; `stream` is what stands in its stream section. */
export async function startNginxStream(port: number, stream: string): Promise<PeerProgram> {
  const folder = folderWith({
    "nginx.conf": `load_module ${nginxStreamModule}; daemon off; master_process off; pid nginx.pid; events {}
      stream { ${stream} }`,
  });
  const options = ["-p", folder, "-e", "stderr", "-c", join(folder, "nginx.conf")];
  const program = new PeerProgram(folder, "nginx", options);
  await program.reachable(port);
  return program;
}

export async function startHaproxy(port: number, sections: string): Promise<PeerProgram> {
  const folder = folderWith({
    "haproxy.cfg": `defaults\n  timeout connect 5s\n  timeout client 20s\n  timeout server 20s\n${sections}\n`,
  });
  const program = new PeerProgram(folder, "haproxy", ["-db", "-f", join(folder, "haproxy.cfg")]);
  await program.reachable(port);
  return program;
}

/** A name server that answers every name with one address; over TCP, too, by which it is seen to be there. */
export async function startDnsmasq(port: number, address: string): Promise<PeerProgram> {
  const own = ["--no-daemon", "--no-resolv", "--no-hosts", "--conf-file=/dev/null", "--user=root"];
  const where = ["--listen-address=127.0.0.1", "--bind-interfaces", `--port=${port}`];
  const program = new PeerProgram(folderWith({}), "dnsmasq", [...own, ...where, `--address=/#/${address}`]);
  await program.reachable(port);
  return program;
}

export async function startRedis(port: number): Promise<PeerProgram> {
  const folder = folderWith({});
  const options = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
  const program = new PeerProgram(folder, "redis-server", options);
  await program.reachable(port);
  return program;
}

/** A self-signed certificate for one name, made by openssl. */
export function certificateFor(name: string): { readonly certificate: string; readonly key: string } {
  const folder = folderWith({});
  const options = `-x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key -out certificate -days 2`;
  const subject = `-subj /CN=${name} -addext subjectAltName=DNS:${name}`;
  const made = spawnSync("openssl", ["req", ...`${options} ${subject}`.split(" ")], { cwd: folder });
  if (made.status !== 0) throw new Error(made.stderr.toString());
  const read = (file: string): string => readFileSync(join(folder, file), "utf8");
  const pair = { certificate: read("certificate"), key: read("key") };
  rmSync(folder, { recursive: true });
  return pair;
}

/** For a `PeerProgram`, which removes it. */
export function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "headgate-peer-"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}
