/**
 * What routing asks of a request. The exchange satisfies it lazily with the head it has parsed; one
 * long-lived object per connection is enough, nothing here is kept after a match.
 */
import type { ExchangeFact } from "../core/template-scope.ts";

export interface RequestFacts {
  readonly method: string;
  /** Origin form, as received. */
  readonly target: string;
  /** Raw path, without the query. */
  readonly path: string;
  /** Raw query without `?`; "" when there is none. */
  readonly query: string;
  /** Lower case, without the port; IPv6 in brackets. */
  readonly host: string;
  /** The client's address after the trusted-proxy rules. */
  readonly clientAddress: string;
  readonly isSecure: boolean;
  /** Name of the listener. */
  readonly listener: string;
  /** The value of a header; repeated ones joined with ", ". */
  header(lowerName: string): string | undefined;
  /** Of the client's certificate; undefined where none was shown. */
  fact(name: ExchangeFact): string | number | undefined;
}
