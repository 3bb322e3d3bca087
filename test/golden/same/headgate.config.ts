/** The same configuration as the YAML and JSON beside it, in TypeScript. */
import { defineConfig } from "../../../src/config/parse.ts";

const config = defineConfig({
  workers: 2,
  listeners: [{ address: "127.0.0.1:3030", timeouts: { keepAliveIdle: "90s" } }],
  pools: {
    default: {
      policy: "least-request",
      endpoints: [{ url: "http://10.0.0.1:8081", weight: 3 }, "http://10.0.0.2:8081"],
      health: { path: "/health", interval: "2s", timeout: "500ms" },
      timeouts: { connect: "1s", responseHead: "10s" },
      retry: { attempts: 2 },
    },
  },
  routes: [{ pool: "default" }],
  accessLog: { path: "/var/log/headgate/access.log" },
  statsPath: "/stats",
  log: { level: "debug" },
  admin: { address: "127.0.0.1:9901" },
});

// oxlint-disable-next-line import/no-default-export -- that is how a configuration module gives its configuration
export default config;
