/** Failures a person can mend are sentences, not stack traces. Everything else is a fault of ours and shows its stack. */

/** Something the user can mend. Its message is all that is printed. */
export class UserError extends Error {
  override readonly name = "UserError";
}

/** What the attempt was about, for the sentence. */
export interface BindAttempt {
  /** As the user would write it: `8080`, `127.0.0.1:8080`. */
  readonly address: string;
  readonly port: number;
  /** How to choose another: `--port`. */
  readonly remedy: string;
}

/** Turns a failure to listen into a sentence that says what to do; gives back what it does not know. */
export function explainBindError(error: unknown, attempt: BindAttempt): unknown {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  const { address, port, remedy } = attempt;
  switch (code) {
    case "EADDRINUSE":
      return new UserError(
        `port ${port} is already in use. Stop the program that listens there ` +
          `(${whoListens(port)} shows it), or ${remedy}.`,
      );
    case "EACCES":
      return new UserError(
        `port ${port} needs more rights than this user has. Take a port above 1023: ${remedy}.`,
      );
    case "EADDRNOTAVAIL":
      return new UserError(`this machine has no address to listen on at ${address}. Look at --bind.`);
    default:
      return error;
  }
}

function whoListens(port: number): string {
  return process.platform === "linux" ? `ss -ltnp sport = :${port}` : `lsof -i :${port}`;
}

/** Prints the failure and ends the process with status 1. */
export function reportAndExit(error: unknown): never {
  if (error instanceof UserError) console.error(`headgate: ${error.message}`);
  else console.error(error);
  process.exit(1);
}
