/** What a session says first (RFC 9113 §3.4): a client's preface, the settings, and the connection's window. */
import { defaultWindow, preface, Setting, settingsFrame, windowUpdateFrame } from "./frames.ts";
import type { SessionLimits } from "./session-limits.ts";

export function greeting(isServer: boolean, limits: SessionLimits): string {
  const { streamWindow, connectionWindow, headerListBytesMax, peerStreamsMax } = limits;
  const settings: (readonly [number, number])[] = [
    [Setting.initialWindowSize, streamWindow],
    [Setting.maxHeaderListSize, headerListBytesMax],
  ];
  // Endpoints shall not push; clients may use extended CONNECT (RFC 8441).
  if (isServer)
    settings.push([Setting.maxConcurrentStreams, peerStreamsMax], [Setting.enableConnectProtocol, 1]);
  else settings.push([Setting.enablePush, 0]);
  const more = connectionWindow - defaultWindow;
  return (isServer ? "" : preface) + settingsFrame(settings) + (more > 0 ? windowUpdateFrame(0, more) : "");
}
