/** Everything that touches the network, for one thread: native handles where they are to be had. */
import type { Datagrams } from "../core/datagrams.ts";
import type { Acceptor, Dialer } from "../core/transport.ts";
import type { TlsTerminator } from "../core/tls.ts";
import { createAcceptor } from "./acceptor.ts";
import { createDatagrams } from "./datagrams.ts";
import { createDialer } from "./dialer.ts";
import { loadNativeHandles } from "./native-handles.ts";
import { NativeStreams } from "./native-streams.ts";
import { createTlsTerminator } from "./tls-terminator.ts";

export interface PlatformTransport {
  readonly acceptor: Acceptor;
  readonly dialer: Dialer;
  readonly datagrams: Datagrams;
  createTlsTerminator(): TlsTerminator;
}

/** `HEADGATE_PUBLIC_STREAMS=1` keeps to Node's public socket API. */
export function createTransport(): PlatformTransport {
  const handles = process.env["HEADGATE_PUBLIC_STREAMS"] === "1" ? null : loadNativeHandles();
  const native = handles === null ? null : new NativeStreams(handles);
  return {
    acceptor: createAcceptor(native),
    dialer: createDialer(native),
    datagrams: createDatagrams(),
    createTlsTerminator: () => createTlsTerminator(native),
  };
}
