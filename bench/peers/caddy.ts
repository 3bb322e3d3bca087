/** Caddy's reverse_proxy, without its admin listener and with enough idle connections to the origin. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Peer } from "../peer.ts";
import { firstLineOf } from "../support/processes.ts";

export const caddy: Peer = {
  name: "caddy",
  install: "apt-get install caddy",
  protocols: ["http", "https", "h2", "h2c"],
  findVersion: () => firstLineOf("caddy", "version")?.split(" ")[0] ?? null,
  prepare({ port, originPort, workFolder, front }) {
    const file = join(workFolder, "Caddyfile");
    const home = join(workFolder, "home");
    const isSecure = front !== undefined && "certificate" in front;
    mkdirSync(home);
    writeFileSync(
      file,
      `
{
  admin off
  auto_https off
  storage file_system ${home}
  ${front?.protocol === "h2c" ? "servers { \n protocols h1 h2 h2c \n }" : ""}
}
${isSecure ? `https://localhost:${port}, https://127.0.0.1:${port}` : `http://127.0.0.1:${port}`} {
  bind 127.0.0.1
  ${isSecure ? `tls ${front.certificate} ${front.key}` : ""}
  reverse_proxy 127.0.0.1:${originPort} {
    transport http {
      keepalive_idle_conns_per_host 1024
    }
  }
}
`,
    );
    return ["env", `HOME=${home}`, "caddy", "run", "--adapter", "caddyfile", "--config", file];
  },
};
