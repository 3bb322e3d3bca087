/**
 * What every transport must do (`src/core/transport.ts`), whatever it is made of: dialling and accepting
 * here, the streams themselves in `transport-streams.ts`.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { ByteStream } from "../../src/core/transport.ts";
import { connectRaw } from "../support/raw-client.ts";
import { refusingPort } from "../support/raw-origin.ts";
import { turns } from "../support/signal.ts";
import { recordStream, type StreamRecorder } from "../support/stream-recorder.ts";
import type { Transport } from "../support/transports.ts";
import { dial, loopback, testStreams, withRecorder } from "./transport-streams.ts";

export function testTransport(transport: Transport): void {
  testStreams(transport);
  testDialling(transport);
  testAccepting(transport);
}

function testDialling({ name, dialer }: Transport): void {
  test(`Dialling (${name}) a port that refuses fails by its name, and not inside the call`, async () => {
    const port = await refusingPort();
    let isInside = true;
    const failure = new Promise<string>((resolve, reject) => {
      dialer.dial({ kind: "tcp", address: "127.0.0.1", port }, null, {
        onConnected: () => reject(new Error("connected")),
        onDialFailed(errorCode) {
          assert.equal(isInside, false);
          resolve(errorCode);
        },
      });
      isInside = false;
    });
    assert.equal(await failure, "ECONNREFUSED");
  });

  test(`Dialling (${name}) a path that is not there fails by its name`, async () => {
    const path = join(tmpdir(), "headgate-no-such.sock");
    await assert.rejects(dial(dialer, { kind: "unix", path }), { message: "ENOENT" });
  });

  test(`Dialling (${name}) can be given up, and nothing is called`, async () => {
    const server = net.createServer();
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as net.AddressInfo;
    for (const target of [port, await refusingPort()]) {
      const giveUp = dialer.dial({ kind: "tcp", address: "127.0.0.1", port: target }, null, {
        onConnected: () => assert.fail("connected"),
        onDialFailed: (errorCode) => assert.fail(errorCode),
      });
      giveUp();
      giveUp();
    }
    await turns(50);
    await new Promise((resolve) => void server.close(resolve));
  });

  test(`Dialling (${name}) sends a preamble ahead of everything`, async () => {
    const server = net.createServer({ allowHalfOpen: true });
    const peer = new Promise<net.Socket>((resolve) => void server.once("connection", resolve));
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as net.AddressInfo;
    const connected = Promise.withResolvers<ByteStream>();
    const handler = {
      onConnected(stream: ByteStream): void {
        recordStream(stream);
        stream.writeText("second");
        connected.resolve(stream);
      },
      onDialFailed: (errorCode: string): void => connected.reject(new Error(errorCode)),
    };
    dialer.dial({ kind: "tcp", address: "127.0.0.1", port }, null, handler, Buffer.from("first, "));
    const socket = await peer;
    let received = "";
    await new Promise<void>((resolve) => {
      socket.on("data", (bytes: Buffer) => {
        received += bytes.toString("latin1");
        if (received === "first, second") resolve();
      });
    });
    (await connected.promise).destroy();
    socket.destroy();
    server.close();
  });
}

function testAccepting({ name, acceptor, dialer }: Transport): void {
  test(`Accepting (${name}) on a port that is taken is rejected by its name`, async () => {
    const bound = await acceptor.listen(loopback, 16, () => {});
    await assert.rejects(
      acceptor.listen({ ...loopback, port: bound.port }, 16, () => {}),
      { code: "EADDRINUSE" },
    );
    await bound.close();
  });

  test(`Accepting (${name}) ends with close; what was accepted goes on`, async () => {
    let accepted: ByteStream | null = null;
    const bound = await acceptor.listen(loopback, 16, (stream) => {
      recordStream(stream);
      accepted = stream;
    });
    const peer = await connectRaw(bound.port);
    while (accepted === null) await turns(1);
    await bound.close();
    await assert.rejects(connectRaw(bound.port), { code: "ECONNREFUSED" });
    const stream = accepted as ByteStream;
    stream.writeText("still here");
    await peer.readUntil("still here");
    // The address is free: somebody else may take it.
    const next = await acceptor.listen({ ...loopback, port: bound.port }, 16, () => {});
    await next.close();
    stream.destroy();
    peer.destroy();
  });

  test(`Accepting (${name}) IPv6 tells its address in brackets`, async (context) => {
    const accepted = Promise.withResolvers<ByteStream>();
    let bound;
    try {
      bound = await acceptor.listen({ ...loopback, address: "::1" }, 16, (stream) =>
        accepted.resolve(withRecorder(stream)),
      );
    } catch {
      context.skip("this machine has no IPv6 loopback");
      return;
    }
    assert.equal(bound.address, `[::1]:${bound.port}`);
    const peer = await connectRaw(bound.port, "::1");
    const stream = await accepted.promise;
    assert.equal(stream.remoteAddress, "::1");
    const dialled = await dial(dialer, { kind: "tcp", address: "::1", port: bound.port });
    assert.equal(dialled.remotePort, bound.port);
    for (const each of [stream, dialled]) each.destroy();
    peer.destroy();
    await bound.close();
  });

  test(`Accepting (${name}) on a unix socket replaces a file left behind, but no socket in use`, async () => {
    const folder = mkdtempSync(join(tmpdir(), "headgate-"));
    const path = join(folder, "a.sock");
    try {
      writeFileSync(path, "");
      const accepted: ByteStream[] = [];
      const bound = await acceptor.listen({ kind: "unix", path }, 16, (stream) => {
        accepted.push(withRecorder(stream));
      });
      assert.equal(bound.address, `unix:${path}`);
      assert.equal(bound.port, 0);
      await assert.rejects(
        acceptor.listen({ kind: "unix", path }, 16, () => {}),
        { code: "EADDRINUSE" },
      );
      // Whoever found the path in use may have connected to find out.
      await turns(10);
      const earlier = accepted.length;
      const dialled = await dial(dialer, { kind: "unix", path });
      while (accepted.length === earlier) await turns(1);
      const stream = accepted.at(-1) as ByteStream;
      assert.equal(stream.remoteAddress, "unix:");
      assert.equal(stream.remotePort, 0);
      dialled.writeText("hello");
      const told = stream.handler as StreamRecorder;
      await told.awaitReceived(5);
      dialled.reset();
      await told.changed.until("the end", () => told.events.length > 1);
      for (const each of accepted) each.destroy();
      await bound.close();
      await assert.rejects(connectRaw(path), { code: "ENOENT" });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}
