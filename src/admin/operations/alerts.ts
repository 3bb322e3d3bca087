/** Alerts: what stands, how deliveries went, and whether messages arrive. */
import { isoTime } from "../documents/changes.ts";
import { type Operation, operation } from "../operation.ts";

export const alertOperations: readonly Operation[] = [
  operation({
    id: "listAlerts",
    method: "GET",
    path: "/v1/alerts",
    scope: "read",
    summary: "Alerts that stand, and how many messages each receiver got",
    takes: null,
    answers: "AlertList",
    run({ context }) {
      const { alerts } = context.balancer.observability;
      return {
        document: {
          alerts: alerts.firing.map(({ rule, severity, subject, summary, value, startedWallMs }) => ({
            rule,
            severity,
            subject,
            summary,
            value,
            started: isoTime(startedWallMs),
          })),
          receivers: [...alerts.deliveries()].map(([name, counts]) => ({ name, ...counts })),
        },
      };
    },
  }),
  operation({
    id: "testAlerts",
    method: "POST",
    path: "/v1/alerts/test",
    scope: "write",
    summary: "Sends every receiver a test message and says how that went",
    takes: null,
    answers: "AlertTest",
    async run({ context }) {
      const results = await context.balancer.observability.alerts.test();
      return { document: { receivers: results.map(({ receiver, error }) => ({ name: receiver, error })) } };
    },
  }),
];
