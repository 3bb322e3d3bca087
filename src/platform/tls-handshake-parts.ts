/** What the handshakes of a listener have in common, whoever drives them. */
import type { ServerTlsSettings } from "../core/tls.ts";
import type { TlsChoice } from "./tls-choice.ts";

export interface TlsHandshakeParts {
  /** As they were when it began. */
  readonly settings: ServerTlsSettings;
  readonly choice: TlsChoice;
  /** Called once by each, when it has succeeded, failed or been given up. */
  onOver(): void;
}
