import assert from "node:assert/strict";
import { test } from "node:test";
import type { Acceptor, BoundListener, ListenTarget } from "../core/transport.ts";
import { listenKey, shareOut, SocketHandover } from "./socket-handover.ts";

const tcp = (port: number, isPortShared = false): ListenTarget => ({
  kind: "tcp",
  address: "127.0.0.1",
  port,
  isPortShared,
  isIpv6Only: false,
});

class FakeAcceptor implements Acceptor {
  readonly listened: ListenTarget[] = [];
  readonly closed: (boolean | undefined)[] = [];

  listen(target: ListenTarget): Promise<BoundListener> {
    this.listened.push(target);
    const port = target.kind === "tcp" ? target.port || 5000 : 0;
    return Promise.resolve({
      address: target.kind === "tcp" ? `127.0.0.1:${port}` : `unix:${target.path}`,
      port,
      descriptor: target.descriptor ?? 20 + this.listened.length,
      close: (isHandedOver) => {
        this.closed.push(isHandedOver);
        return Promise.resolve();
      },
    });
  }
}

const ignore = (): void => {};

test("an address without inheritance is bound, and its socket can be passed on under both its names", async () => {
  const acceptor = new FakeAcceptor();
  const handover = new SocketHandover(acceptor);
  const bound = await handover.listen(tcp(0), 10, ignore);
  assert.equal(bound.address, "127.0.0.1:5000");
  assert.deepEqual(handover.sockets, [
    { keys: ["127.0.0.1:0", "127.0.0.1:5000"], descriptor: 21, isPortShared: false },
  ]);
  await bound.close();
  assert.deepEqual(handover.sockets, []);
  assert.deepEqual(acceptor.closed, [false]);
});

test("every inherited socket of the address is taken over, once", async () => {
  const acceptor = new FakeAcceptor();
  const handover = new SocketHandover(acceptor, [
    { keys: ["127.0.0.1:80"], descriptors: [7, 8], isPortShared: true },
  ]);
  const bound = await handover.listen(tcp(80, true), 10, ignore);
  assert.deepEqual(
    acceptor.listened.map(({ descriptor }) => descriptor),
    [7, 8],
  );
  assert.equal(handover.sockets.length, 2);
  handover.handOver();
  await bound.close();
  assert.deepEqual(acceptor.closed, [true, true]);
  await handover.listen(tcp(80, true), 10, ignore);
  assert.equal(acceptor.listened[2]?.descriptor, undefined, "bound anew, as any other address");
});

test("a thread without a socket binds one if the port may be shared, and none otherwise", async () => {
  for (const [isPortShared, count] of [
    [true, 1],
    [false, 0],
  ] as const) {
    const acceptor = new FakeAcceptor();
    const handover = new SocketHandover(acceptor, [
      { keys: ["127.0.0.1:80"], descriptors: [], isPortShared },
    ]);
    const bound = await handover.listen(tcp(80), 10, ignore);
    assert.equal(acceptor.listened.length, count);
    assert.equal(bound.port, 80);
    await bound.close();
  }
});

test("sockets are shared out so that each has one thread, and threads with one name know of one another's", () => {
  const sockets = [
    { keys: ["127.0.0.1:0", "127.0.0.1:5000"], descriptor: 4, isPortShared: true },
    { keys: ["127.0.0.1:5000"], descriptor: 5, isPortShared: true },
    { keys: ["127.0.0.1:5000"], descriptor: 6, isPortShared: true },
    { keys: ["unix:/gate"], descriptor: 7, isPortShared: false },
  ];
  const descriptors = (threads: number): readonly (readonly (readonly number[])[])[] =>
    shareOut(sockets, threads).map((addresses) => addresses.map((address) => address.descriptors));
  assert.deepEqual(descriptors(1), [[[4, 5, 6], [7]]]);
  assert.deepEqual(descriptors(2), [
    [[4, 6], [7]],
    [[5], []],
  ]);
  assert.deepEqual(descriptors(4), [
    [[4], [7]],
    [[5], []],
    [[6], []],
    [[], []],
  ]);
  assert.deepEqual(shareOut(sockets, 1)[0]?.[0]?.keys, ["127.0.0.1:0", "127.0.0.1:5000"]);
  assert.equal(listenKey({ ...tcp(80), address: "::1" } as ListenTarget), "[::1]:80");
});
