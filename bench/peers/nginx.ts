/** nginx with its default buffers, keep-alive to the origin and HTTP/1.1, as its manual recommends. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Peer } from "../peer.ts";
import { nginxPreamble } from "../support/nginx-preamble.ts";
import { firstLineOf } from "../support/processes.ts";

export const nginx: Peer = {
  name: "nginx",
  install: "apt-get install nginx",
  protocols: ["http", "https", "h2", "h2c"],
  findVersion: () => firstLineOf("nginx", "-v")?.replace(/^.*nginx\//, "") ?? null,
  prepare({ port, originPort, workFolder, front }) {
    const file = join(workFolder, "nginx.conf");
    writeFileSync(
      file,
      `
        ${nginxPreamble(workFolder)}
        http {
          access_log off;
          keepalive_requests 1000000000;
          keepalive_timeout 1h;
          client_max_body_size 0;
          client_body_temp_path ${workFolder}/body;
          proxy_temp_path ${workFolder}/proxy;
          upstream origin { server 127.0.0.1:${originPort}; keepalive 1024; keepalive_requests 1000000000; }
          server {
            listen 127.0.0.1:${port} ${listenWords[front?.protocol ?? "http"]} backlog=4096;
            ${front !== undefined && "certificate" in front ? tlsLines(front.certificate, front.key) : ""}
            location / {
              proxy_http_version 1.1;
              proxy_set_header Connection "";
              proxy_set_header Host $host;
              proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
              proxy_set_header X-Forwarded-Proto $scheme;
              proxy_pass http://origin;
            }
          }
        }
      `,
    );
    return ["nginx", "-p", workFolder, "-c", file];
  },
};

/** Without TLS nginx 1.22 speaks HTTP/2 only to those who begin with it. */
const listenWords = { http: "", https: "ssl", h2: "ssl http2", h2c: "http2", tcp: "" } as const;

function tlsLines(certificate: string, key: string): string {
  return `
    ssl_certificate ${certificate};
    ssl_certificate_key ${key};
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_cache shared:tls:10m;
  `;
}
