/** The part of nginx.conf that the origin and the nginx peer share: one worker, foreground, many connections. */

export function nginxPreamble(folder: string): string {
  return `
    daemon off;
    ${process.getuid?.() === 0 ? "user root;" : ""}
    worker_processes 1;
    pid ${folder}/nginx.pid;
    error_log ${folder}/error.log warn;
    events { worker_connections 19000; }
  `;
}
