/**
 * The origin behind every proxy: nginx with one worker, on the load generator's core. Tiny answers come
 * from memory, large ones from files, and uploads are read to their end before they are answered.
 */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort, startPinned, waitUntilReady, type RunningProcess } from "./processes.ts";
import { nginxPreamble } from "./nginx-preamble.ts";

export interface Origin {
  readonly port: number;
  readonly program: RunningProcess;
}

export async function startOrigin(workFolder: string, core: number): Promise<Origin> {
  const port = await freePort();
  const folder = join(workFolder, "origin");
  mkdirSync(join(folder, "files"), { recursive: true });
  for (const path of [workFolder, folder]) chmodSync(path, 0o755);
  writeFileSync(join(folder, "files", "100k"), Buffer.alloc(100 * 1024, "0123456789abcdef"));
  writeFileSync(join(folder, "files", "1m"), Buffer.alloc(1024 * 1024, "0123456789abcdef"));
  writeFileSync(join(folder, "nginx.conf"), configuration(folder, port));
  const program = startPinned("origin", core, ["nginx", "-p", folder, "-c", join(folder, "nginx.conf")]);
  await waitUntilReady(program, port);
  return { port, program };
}

// With the request body switched off towards the sink, nginx first reads it whole, then asks for a small answer.
function configuration(folder: string, port: number): string {
  return `
    ${nginxPreamble(folder)}
    http {
      access_log off;
      default_type text/plain;
      sendfile on;
      tcp_nodelay on;
      keepalive_requests 1000000000;
      keepalive_timeout 1h;
      client_body_buffer_size 256k;
      client_max_body_size 0;
      client_body_temp_path ${folder}/body;
      proxy_temp_path ${folder}/proxy;
      open_file_cache max=100;
      upstream sink { server unix:${folder}/sink.sock; keepalive 256; }
      server {
        listen unix:${folder}/sink.sock;
        location / { return 200 "ok"; }
      }
      server {
        listen 127.0.0.1:${port} backlog=4096;
        root ${folder}/files;
        location / { return 200 "ok"; }
        location = /100k { }
        location = /1m { }
        location = /upload {
          proxy_http_version 1.1;
          proxy_set_header Connection "";
          proxy_set_header Content-Length "";
          proxy_pass_request_body off;
          proxy_pass http://sink;
        }
      }
    }
  `;
}
