/** Small HTTP origins that answer with their own name, and a client that keeps no connection. */
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface NamedOrigin {
  readonly name: string;
  readonly url: string;
  /** Requests seen, in order, as `METHOD target body`. */
  readonly seen: string[];
  respond: (incoming: IncomingMessage, outgoing: ServerResponse, body: string) => void;
  close(): Promise<void>;
}

export async function startNamedOrigin(name: string): Promise<NamedOrigin> {
  const seen: string[] = [];
  const server: Server = createServer((incoming, outgoing) => {
    let body = "";
    incoming
      .setEncoding("latin1")
      .on("data", (text: string) => (body += text))
      .on("end", () => {
        seen.push(`${incoming.method} ${incoming.url} ${body}`.trimEnd());
        origin.respond(incoming, outgoing, body);
      });
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const origin: NamedOrigin = {
    name,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    respond: (_incoming, outgoing) => void outgoing.end(name),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
  return origin;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
  /** By lower-case name; repeated ones joined by a line end. */
  header(name: string): string | undefined;
}

export interface Question {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Rejects when the connection breaks. */
export async function ask(port: number, question: Question = {}): Promise<Answer> {
  const { method = "GET", path = "/", headers = {}, body } = question;
  return new Promise((resolve, reject) => {
    const sent = request({ port, method, path, headers, agent: false }, (response) => {
      let text = "";
      response
        .setEncoding("latin1")
        .on("data", (part: string) => (text += part))
        .on("error", reject)
        .on("end", () => {
          const header = (name: string): string | undefined => {
            const value = response.headers[name];
            return Array.isArray(value) ? value.join("\n") : value;
          };
          resolve({ status: response.statusCode ?? 0, body: text, header });
        });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}
