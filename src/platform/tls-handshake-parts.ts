/** What a handshake of either way needs to know, whoever drives it. */
import type { ServerTlsSettings, TlsHandshakeHandler } from "../core/tls.ts";
import type { TlsChoice } from "./tls-choice.ts";

export interface TlsHandshakeParts {
  /** As they were when it began. */
  readonly settings: ServerTlsSettings;
  readonly choice: TlsChoice;
  readonly handler: TlsHandshakeHandler;
  /** Called once, when it has succeeded, failed or been given up. */
  onOver(): void;
}

/** A handshake under way. */
export interface TlsHandshakeInWork {
  /** Closes the connection; the handler hears nothing more. */
  giveUp(): void;
}
