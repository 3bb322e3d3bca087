import assert from "node:assert/strict";
import { test } from "node:test";
import type { Answer } from "../support/named-origins.ts";
import { type BalancerRig, startBalancerRig } from "../support/balancer-rig.ts";

const three = ["app-1", "app-2", "app-3"];

/** `name=value` of the cookie that an answer sets. */
function cookieOf(answer: Answer): string {
  const line = answer.header("set-cookie");
  assert.ok(line !== undefined, "the answer sets a cookie");
  return line.split(";")[0] ?? "";
}

async function bind(rig: BalancerRig): Promise<{ cookie: string; to: string }> {
  const answer = await rig.ask();
  return { cookie: cookieOf(answer), to: answer.body };
}

test("a client with the inserted cookie stays where it was, and is not given it again", async () => {
  await using rig = await startBalancerRig({ origins: three, pool: { sticky: { kind: "cookie" } } });
  const { cookie, to } = await bind(rig);
  for (let i = 0; i < 5; i++) {
    const answer = await rig.ask({ headers: { cookie: `a=1; ${cookie}; b=2` } });
    assert.equal(answer.body, to);
    assert.equal(answer.header("set-cookie"), undefined);
  }
  assert.equal(new Set(await rig.bodies(3)).size, 3, "clients without it go round");
});

test("the inserted cookie has its attributes and shows neither name nor address", async () => {
  const sticky = {
    kind: "cookie",
    name: "srv",
    path: "/x",
    domain: "example.com",
    maxAge: "1h",
    secure: true,
    sameSite: "none",
  } as const;
  await using rig = await startBalancerRig({ origins: ["app-1"], pool: { sticky } });
  const line = (await rig.ask()).header("set-cookie") ?? "";
  assert.match(
    line,
    /^srv=[A-Za-z0-9_-]{16}\.[A-Za-z0-9_-]{16}; Path=\/x; Domain=example\.com; Max-Age=3600; Secure; HttpOnly; SameSite=None$/,
  );
  assert.ok(!Buffer.from(line.slice(4, 20), "base64url").toString().includes("app"));
});

test("a cookie that nobody signed binds to nobody", async () => {
  await using rig = await startBalancerRig({
    origins: three,
    pool: { sticky: { kind: "cookie", fallback: "reject" } },
  });
  for (const forged of ["headgate=app-1", "headgate=", "headgate=AAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAA"]) {
    const answer = await rig.ask({ headers: { cookie: forged } });
    assert.equal(answer.status, 200);
    assert.ok(answer.header("set-cookie") !== undefined);
  }
});

test("with a secret of the user's, a cookie survives the process and counts in another", async () => {
  const sticky = { kind: "cookie", secret: "a secret of some length" } as const;
  await using one = await startBalancerRig({ origins: three, pool: { sticky } });
  await using other = await startBalancerRig({ origins: three, pool: { sticky } });
  const { cookie, to } = await bind(one);
  assert.deepEqual(await other.bodies(3, { headers: { cookie } }), [to, to, to]);
});

test("bindings survive a reload", async () => {
  await using rig = await startBalancerRig({ origins: three, pool: { sticky: { kind: "cookie" } } });
  const { cookie, to } = await bind(rig);
  await rig.balancer.setEndpointWeight("app", "app-2", 5);
  assert.deepEqual(await rig.bodies(2, { headers: { cookie } }), [to, to]);
});

test("a draining endpoint serves those who are bound to it and nobody else", async () => {
  await using rig = await startBalancerRig({ origins: three, pool: { sticky: { kind: "cookie" } } });
  const { cookie, to } = await bind(rig);
  await rig.balancer.setEndpointState("app", to, "draining");
  assert.deepEqual(await rig.bodies(2, { headers: { cookie } }), [to, to]);
  assert.ok(!(await rig.bodies(6)).includes(to));
});

test("rebind: when the bound endpoint is out, another serves and binds", async () => {
  await using rig = await startBalancerRig({ origins: three, pool: { sticky: { kind: "cookie" } } });
  const { cookie, to } = await bind(rig);
  await rig.balancer.setEndpointState("app", to, "maintenance");
  const answer = await rig.ask({ headers: { cookie } });
  assert.equal(answer.status, 200);
  assert.notEqual(answer.body, to);
  const rebound = cookieOf(answer);
  assert.deepEqual(await rig.bodies(2, { headers: { cookie: rebound } }), [answer.body, answer.body]);
});

test("reject: when the bound endpoint is out or gone, the request is refused with a cause of its own", async () => {
  await using rig = await startBalancerRig({
    origins: three,
    pool: { sticky: { kind: "cookie", fallback: "reject" } },
  });
  const { cookie, to } = await bind(rig);
  await rig.balancer.setEndpointState("app", to, "maintenance");
  for (let i = 0; i < 2; i++) {
    const answer = await rig.ask({ headers: { cookie } });
    assert.equal(answer.status, 503);
    assert.equal(answer.header("headgate-cause"), "sticky-unavailable");
    await rig.balancer.removeEndpoint("app", to).catch(() => {});
  }
});

test("a bound endpoint that fails is left for another, and the client is bound there", async () => {
  await using rig = await startBalancerRig({ origins: three, pool: { sticky: { kind: "cookie" } } });
  const { cookie, to } = await bind(rig);
  rig.origin(to).respond = (incoming) => void incoming.socket.destroy();
  const answer = await rig.ask({ headers: { cookie } });
  assert.notEqual(answer.body, to);
  assert.notEqual(cookieOf(answer), cookie);
});

test("route: the application's own cookie names the endpoint, alone or after a dot", async () => {
  const sticky = { kind: "route", value: "${request.cookie.JSESSIONID}" } as const;
  await using rig = await startBalancerRig({ origins: three, pool: { sticky } });
  for (const value of ["app-2", "4711.app-2", "47.11.app-2"]) {
    assert.deepEqual(await rig.bodies(2, { headers: { cookie: `JSESSIONID=${value}` } }), ["app-2", "app-2"]);
  }
  assert.equal(new Set(await rig.bodies(3, { headers: { cookie: "JSESSIONID=4711.app-9" } })).size, 3);
});

test("route: names with dots in them are found whole", async () => {
  const sticky = { kind: "route", value: "${request.query.to}" } as const;
  const names = ["10.0.0.1:80", "10.0.0.2:80"];
  await using rig = await startBalancerRig({ origins: names, pool: { sticky } });
  assert.equal((await rig.ask("/?to=10.0.0.2:80")).body, "10.0.0.2:80");
  assert.equal((await rig.ask("/?to=abc.10.0.0.1:80")).body, "10.0.0.1:80");
});

test("learn: a session that a response starts is followed to its endpoint", async () => {
  const sticky = {
    kind: "learn",
    response: "${response.header.x-session}",
    request: "${request.header.x-session}",
  } as const;
  await using rig = await startBalancerRig({ origins: three, pool: { sticky } });
  let sessions = 0;
  for (const origin of rig.origins) {
    origin.respond = (incoming, outgoing) => {
      if (incoming.url === "/login") outgoing.setHeader("x-session", `s${++sessions}`);
      outgoing.end(origin.name);
    };
  }
  const homes = new Map<string, string>();
  for (let i = 0; i < 6; i++) {
    const answer = await rig.ask("/login");
    homes.set(answer.header("x-session") ?? "", answer.body);
  }
  assert.equal(homes.size, 6);
  for (const [session, home] of homes) {
    assert.deepEqual(await rig.bodies(2, { headers: { "x-session": session } }), [home, home]);
  }
  const [[session = "", home = ""] = []] = homes;
  await rig.balancer.setEndpointState("app", home, "maintenance");
  const moved = (await rig.ask({ headers: { "x-session": session } })).body;
  assert.notEqual(moved, home);
  await rig.balancer.setEndpointState("app", home, "ready");
  assert.deepEqual(
    await rig.bodies(2, { headers: { "x-session": session } }),
    [moved, moved],
    "it stays where it went",
  );
});
