/** `npm start`, as a newcomer types it, from the first line on the screen to the last: four validators, three providers, a job, a service. */
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import type { Receipt } from "../../../client/receipt.ts";
import { grouped } from "../../../cli/screen.ts";

const root = join(import.meta.dirname, "../../..");
const { meters } = JSON.parse(readFileSync(join(root, "examples/kmeans/expected.json"), "utf8")) as { meters: readonly (readonly string[])[] };
const number = (text: string): bigint => BigInt(text.replaceAll(",", ""));

describe("npm start -- --once", function () {
  this.timeout(240_000);
  let folder: string;
  let npm: ChildProcess;
  let code: number | null;
  let err = "";
  /** What is on the screen, with single spaces and without line breaks: where lines wrap depends on the numbers. */
  let shown = "";

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "dcm-start-"));
    const env = { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined };
    npm = spawn("npm", ["start", "--", "--once", "--fresh", "--state", folder, "--name", "net"], { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
    npm.stdout!.setEncoding("utf8").on("data", (text: string) => (shown += text));
    npm.stderr!.setEncoding("utf8").on("data", (text: string) => (err += text));
    [code] = (await once(npm, "close")) as [number | null];
    shown = shown.replace(/\s+/g, " ");
    // What npm says of itself, such as that there is a newer one.
    err = err.replaceAll(/^npm .*\n?/gm, "");
  });
  after(async () => {
    if (npm.exitCode === null) {
      npm.kill("SIGTERM");
      await once(npm, "exit");
    }
    rmSync(folder, { recursive: true, force: true });
  });

  /** The groups of what must be on the screen. */
  function find(pattern: RegExp): string[] {
    const found = pattern.exec(shown);
    assert.ok(found !== null, `${String(pattern)} is not in: ${shown}`);
    return found.slice(1);
  }

  it("ends with status 0 and nothing to complain about", () => {
    assert.deepEqual([code, err], [0, ""], `${shown}\n${err}`);
    find(/✓ CometBFT: 0\.38\.\d+ .*✓ network: 4 validators and 3 workers, blocks are coming; new state in .*✓ providers: 3 registered and bonded/);
  });

  it("shows the book before the bid, and with it", () => {
    const asks = "ask 120,000 4 1 ask 110,000 4 1 ask 100,000 4 1";
    find(new RegExp(`Order book before the bid side price of a lot \\(udcm\\) units orders ${asks} job 1, a bid for 7 tasks in 2 stages of at most 1 lot each, in block \\d+ transaction [0-9A-F]{64} escrow 5,656,000 udcm and a storage deposit of [\\d,]+ udcm`));
    find(new RegExp(`Order book with the bid .*? ${asks} bid 200,000 [1-6] 1 map: stage 1 of 2`));
  });

  it("shows the job to its end: draws, starts, commitments, reveals, and each task settled", () => {
    find(/drawn as second replica .* started .* committed to its result .* revealed its result .* accepted: provider-\d and provider-\d agree; [\d,]+ udcm paid .*map █+ 6\/6 accepted.*reduce █+ 1\/1 accepted, 0 running, 2\/2 committed, 2\/2 revealed/);
    find(/Result 342 penguins, 3 clusters .*Adelie Chinstrap Gentoo .* 1 47\.5 .* 24 63 0 2 47\.5 .* 0 0 123 3 38\.2 .* 127 5 0 Receipt/);
  });

  it("prints a receipt that adds up to the unit, keeps it as a file, and says where the consumer's money went", () => {
    const instructions = grouped(meters.flat().reduce((sum, meter) => sum + BigInt(meter), 0n));
    const [deposited, ...parts] = find(new RegExp(`escrow ([\\d,]+) = ([\\d,]+) paid \\+ ([\\d,]+) refunded \\+ ([\\d,]+) market fee \\+ ([\\d,]+) burned \\+ ([\\d,]+) held; ${instructions} instructions metered`)).map(number);
    const [paid, , fee, , held] = parts;
    assert.deepEqual([deposited, held], [5_656_000n, 0n]);
    assert.equal(parts.reduce((sum, part) => sum + part, 0n), deposited);
    const receipt = JSON.parse(readFileSync(join(folder, "net/receipts/job-1.json"), "utf8")) as Receipt;
    assert.deepEqual([receipt.job, receipt.escrow.paid, receipt.escrow.fees, receipt.tasks.map(({ state }) => state)], ["1", String(paid), String(fee), Array<string>(7).fill("final")]);
    assert.deepEqual(receipt.stages.map(({ state }) => state), ["final", "final"]);
    const [toProviders, toMarket, gas, change] = [...find(/alice paid ([\d,]+) udcm to providers, ([\d,]+) market fee, ([\d,]+) udcm for transactions/), ...find(/alice [\d,]+ [\d,]+ -([\d,]+) provider-0/)].map(number);
    assert.deepEqual([toProviders, toMarket], [paid, fee]);
    // What is not pruned yet keeps its deposit.
    assert.equal(change! - paid! - fee! - gas!, BigInt(receipt.escrow.storageDeposit));
  });

  it("shows the prices and the index that the job left behind", () => {
    const [last, reference, index, lots] = find(/Prices of wasm\.core, udcm a lot price lots last batch ([\d,]+) reference price ([\d,]+) .*index of what was settled in 24 h ([\d,]+) (\d+)/).map(number);
    for (const price of [last!, reference!, index!]) assert.ok(price >= 100_000n && price <= 200_000n, `${price}`);
    assert.equal(lots, 14n, "seven tasks, two replicas of one lot each");
  });

  it("serves the result, stops its provider's machine, and shows the credit that comes out of that one's bond", () => {
    const [provider] = find(/service 2, served by (provider-\d) for 1[0-2]0,000 udcm a minute asked about 342 penguins: 342 in the cluster that k-means put them in/);
    find(new RegExp(`the machine of ${provider} is stopped: nobody tells the chain .*1 provider-\\d, provider-\\d \\d+ ms good [\\d,]+ 0 .* down bad [\\d,]+ [\\d,]+ SLA credit`));
    const [credit, before, after] = find(new RegExp(`SLA credit: alice got ([\\d,]+) udcm, the bond of ${provider} went from ([\\d,]+) to ([\\d,]+) udcm the service is closed, ${provider} is back`)).map(number);
    assert.ok(credit! > 0n);
    assert.equal(before! - after!, credit);
  });

  it("stops what it started, keeps the state for the next start, and leaves nothing that says it runs", () => {
    find(/stopped; state and logs stay in \S+ $/);
    const running = readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")].filter((line) => line.includes(folder));
      } catch {
        return [];
      }
    });
    assert.deepEqual([running, ["net/endpoints.json", "net.pid"].filter((file) => existsSync(join(folder, file))), existsSync(join(folder, "net/built"))], [[], [], true]);
  });
});
