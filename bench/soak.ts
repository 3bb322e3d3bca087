/**
 * `npm run bench:soak`: millions of requests against one Headgate, its memory sampled all the while. Mixed
 * loads take turns. Ends with status 1 on any wrong answer or when memory grew.
 *
 *   npm run bench:soak -- --requests 10000000 --loads tiny,browser,download-100k --peer headgate
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { allLoads, allPeers, selectNamed } from "./catalogue.ts";
import { loadCore, proxyCore } from "./measure.ts";
import { median } from "./report.ts";
import { usageOf } from "./support/machine.ts";
import { startOrigin } from "./support/origin.ts";
import { freePort, startPinned, waitUntilReady, withCleanUp } from "./support/processes.ts";
import { describeErrors, runWrk } from "./support/wrk.ts";

const { values: options } = parseArgs({
  options: {
    requests: { type: "string", default: "10000000" },
    loads: { type: "string", default: "tiny,browser,download-100k,upload-100k,new-connection" },
    peer: { type: "string", default: "headgate" },
    "turn-seconds": { type: "string", default: "10" },
  },
});

/** The last cycles through the loads may hold this much more than the ones after the first, which warms up. */
const growthMax = 1.1;
const cyclesMin = 4;
const sampleEveryMs = 250;

const wanted = Number(options.requests);
const loads = selectNamed(allLoads, options.loads);
const [peer] = selectNamed(allPeers, options.peer);
if (peer === undefined || loads.length === 0) throw new Error("name a peer and loads");

/** One list of samples per cycle, because loads differ in what they need. */
const cycles: number[][] = [];
const complaints: string[] = [];
let answered = 0;

await withCleanUp(async (workFolder) => {
  const origin = await startOrigin(workFolder, loadCore);
  const port = await freePort();
  const peerFolder = join(workFolder, peer.name);
  mkdirSync(peerFolder);
  const command = peer.prepare({ port, originPort: origin.port, workFolder: peerFolder });
  const program = startPinned(peer.name, proxyCore, command);
  await waitUntilReady(program, port);
  const sampler = setInterval(() => cycles.at(-1)?.push(usageOf(program.pid).residentBytes), sampleEveryMs);
  for (let turn = 0; answered < wanted && complaints.length < 10; turn++) {
    const load = loads[turn % loads.length];
    if (load === undefined) break;
    if (load === loads[0]) cycles.push([]);
    const result = await runWrk(load, port, Number(options["turn-seconds"]), loadCore, workFolder);
    answered += result.requests;
    const complaint = describeErrors(result);
    if (complaint !== null) complaints.push(`${load.name}: ${complaint}`);
    const resident = usageOf(program.pid).residentBytes / 2 ** 20;
    console.log(
      `${(answered / 1e6).toFixed(2).padStart(7)} M requests, ${load.name.padEnd(16)} ` +
        `${(result.requests / result.seconds).toFixed(0).padStart(6)} req/s, ${resident.toFixed(0)} MB ${complaint ?? ""}`,
    );
  }
  clearInterval(sampler);
});

const megabytes = cycles.map((samples) => median(samples) / 2 ** 20);
console.log(
  `${answered} requests; median resident MB by cycle: ${megabytes.map((value) => value.toFixed(0)).join(", ")}`,
);
if (megabytes.length < cyclesMin) {
  console.log(`too short to judge growth: that takes ${cyclesMin} cycles through the loads`);
} else {
  // The last cycle is left out: it may have ended early.
  const judged = megabytes.slice(1, -1);
  const part = Math.ceil(judged.length / 3);
  const growth = median(judged.slice(-part)) / median(judged.slice(0, part));
  console.log(`growth from the first third to the last: ${growth.toFixed(2)}, allowed ${growthMax}`);
  if (growth > growthMax) complaints.push("memory grew");
}
for (const complaint of complaints) console.log(`FAILED: ${complaint}`);
process.exitCode = complaints.length === 0 ? 0 : 1;
