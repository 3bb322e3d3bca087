/** The two ways in which Headgate reaches sockets, so that a test can run over both. */
import { createAcceptor } from "../../src/platform/acceptor.ts";
import { createDialer } from "../../src/platform/dialer.ts";
import { loadNativeHandles } from "../../src/platform/native-handles.ts";
import { NativeStreams } from "../../src/platform/native-streams.ts";
import { createTlsTerminator } from "../../src/platform/tls-terminator.ts";
import type { TlsTerminator } from "../../src/core/tls.ts";
import type { Acceptor, Dialer } from "../../src/core/transport.ts";

export interface Transport {
  readonly name: "native" | "public";
  readonly dialer: Dialer;
  readonly acceptor: Acceptor;
  createTlsTerminator(): TlsTerminator;
}

const handles = loadNativeHandles();
const native = handles === null ? null : new NativeStreams(handles);

function transport(name: Transport["name"], streams: NativeStreams | null): Transport {
  return {
    name,
    dialer: createDialer(streams),
    acceptor: createAcceptor(streams),
    createTlsTerminator: () => createTlsTerminator(streams),
  };
}

const publicTransport = transport("public", null);

/** What Headgate uses by default: native handles where this Node gives them out. */
export const defaultTransport = native === null ? publicTransport : transport("native", native);

/** Every way there is here, the public API, which is always there, among them. */
export const transports: readonly Transport[] = [...new Set([defaultTransport, publicTransport])];

/** Native streams of a Node whose handles for TLS are not known. */
export const handshakesByPublicSockets =
  handles === null
    ? publicTransport
    : transport("native", new NativeStreams({ ...handles, wrapServerTls: null }));
