/**
 * Tells a URL by POST: as JSON of our own, or as Slack and its likes expect it. A redirect is an answer
 * like any other: it is not followed.
 */
import { request } from "undici";
import {
  type AlertNotification,
  type AlertReceiver,
  headlineOf,
  lineOf,
  UndeliverableAlert,
} from "./alert-receiver.ts";

export interface WebhookSettings {
  readonly name: string;
  readonly url: string;
  readonly format: "generic" | "slack";
  readonly headers: Readonly<Record<string, string>>;
  /** For the whole request. Default 10,000. */
  readonly timeoutMs?: number;
}

export function webhookReceiver(settings: WebhookSettings): AlertReceiver {
  const { name, url, format } = settings;
  const headers = { "content-type": "application/json", "user-agent": "headgate", ...settings.headers };
  return {
    name,
    async send(notification, wallMs) {
      const body = format === "slack" ? slackBody(notification) : genericBody(notification, wallMs);
      const signal = AbortSignal.timeout(settings.timeoutMs ?? 10_000);
      const response = await request(url, { method: "POST", headers, body: JSON.stringify(body), signal });
      await response.body.dump();
      judge(response.statusCode);
    },
  };
}

function judge(status: number): void {
  if (status >= 200 && status < 300) return;
  const message = `the webhook answered ${status}`;
  // Too many requests, a timeout and the server's own troubles pass; other refusals do not.
  if (status === 408 || status === 429 || status >= 500) throw new Error(message);
  throw new UndeliverableAlert(message);
}

function genericBody(notification: AlertNotification, wallMs: number): unknown {
  const time = new Date(wallMs).toISOString();
  const head = { version: 1, kind: notification.kind, time, title: headlineOf(notification) };
  if (notification.kind !== "alerts") return head;
  const alerts = notification.changes.map((change) => ({
    id: change.key.replace("\n", "/"),
    rule: change.rule,
    severity: change.severity,
    state: change.state,
    subject: change.subject,
    summary: change.summary,
    value: change.value,
    startedAt: new Date(change.startedWallMs).toISOString(),
    changedAt: new Date(change.changedWallMs).toISOString(),
  }));
  return { ...head, alerts };
}

function slackBody(notification: AlertNotification): unknown {
  const lines = notification.kind === "alerts" ? notification.changes.map(lineOf) : [];
  return { text: [headlineOf(notification), ...lines].map(slackText).join("\n") };
}

/** Slack's three escapes, so that no name becomes a link or calls a channel. */
function slackText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
