/**
 * The client's side of one exchange, as the exchange sees it. `http1-server-connection.ts`
 * implements it over HTTP/1; an HTTP/2 stream can stand in its place.
 */
import type { ExchangeFact } from "../core/template-scope.ts";
import type { BodyFraming } from "../http1/framing.ts";
import type { ByteSource } from "../upstream/upstream-stream.ts";
import type { Client } from "./client.ts";

/** Null leaves it to the listener. */
export interface ClientTimeouts {
  readonly bodyIdleTimeoutMs: number | null;
  readonly tunnelIdleTimeoutMs: number | null;
}

export interface Downstream {
  readonly client: Client;
  /** The connection is to end as soon as its exchange has. */
  readonly isDraining: boolean;
  /** Facts about the connection that templates may ask for. */
  fact(name: ExchangeFact): string | number | undefined;
  /** Largest body of the current request; a longer one is answered 413. Infinity for no limit. */
  setBodyLimit(bytesMax: number): void;
  /** How long the client may be silent during the current request, where its route says so. */
  setIdleTimeouts(timeouts: ClientTimeouts): void;
  /** Response bytes the kernel has not taken yet. */
  readonly backlog: number;

  sendInformational(status: number, reason: string, fieldLines: string): void;
  /** The final head. After an upgrade (101) bytes flow raw in both directions. */
  sendHead(status: number, reason: string, fieldLines: string, body: BodyFraming, isUpgrade: boolean): void;
  sendBody(source: ByteSource, bytes: Buffer, start: number, end: number): void;
  /** The response is complete (in a tunnel: this direction is). */
  sendEnd(trailers: string): void;
  flush(): void;
  pauseRequest(): void;
  resumeRequest(): void;
  /**
   * Breaks the connection so that the client cannot take the response for complete. `trailers` say why where they
   * can be sent and are read (gRPC); "" else.
   */
  abort(trailers: string): void;
}
