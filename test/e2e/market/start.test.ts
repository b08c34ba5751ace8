/**
 * `npm start`, as a newcomer types it, from the first line on the screen to the last: four validators, three providers, a job, a service; then once more on the
 * same state, until Ctrl-C; then with all that is in its way.
 */
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, describe, it } from "mocha";
import type { Receipt } from "../../../client/receipt.ts";
import { grouped } from "../../../cli/screen.ts";

const root = join(import.meta.dirname, "../../..");
const { meters } = JSON.parse(readFileSync(join(root, "examples/kmeans/expected.json"), "utf8")) as { meters: readonly (readonly string[])[] };
const number = (text: string): bigint => BigInt(text.replaceAll(",", ""));

/** `npm start` in a process group of its own, as a terminal's foreground. */
class Start {
  readonly npm: ChildProcess;
  /** Resolves with the exit code. */
  readonly ended: Promise<number | null>;
  #out = "";
  #err = "";

  constructor(folder: string, ...options: string[]) {
    const env = { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined };
    this.npm = spawn("npm", ["start", "--", "--state", folder, "--name", "net", ...options], { cwd: root, env, stdio: ["ignore", "pipe", "pipe"], detached: true });
    this.npm.stdout!.setEncoding("utf8").on("data", (text: string) => (this.#out += text));
    this.npm.stderr!.setEncoding("utf8").on("data", (text: string) => (this.#err += text));
    this.ended = once(this.npm, "close").then(([code]) => code as number | null);
  }

  /** What is on the screen, with single spaces and without line breaks: where lines wrap depends on the numbers. */
  get shown(): string {
    return this.#out.replace(/\s+/g, " ");
  }

  /** Standard error but for what npm says of itself, such as that there is a newer one. */
  get err(): string {
    return this.#err.replaceAll(/^npm .*\n?/gm, "");
  }

  /** Resolves once this is on the screen. */
  async until(words: string): Promise<void> {
    while (!this.shown.includes(words)) {
      assert.equal(this.npm.exitCode, null, `ended before "${words}": ${this.shown}\n${this.err}`);
      await sleep(50);
    }
  }

  /** As Ctrl-C does: to everything in the foreground. */
  interrupt(signal: NodeJS.Signals = "SIGINT"): void {
    process.kill(-this.npm.pid!, signal);
  }

  async end(): Promise<void> {
    if (this.npm.exitCode === null && this.npm.signalCode === null) this.interrupt("SIGTERM");
    await this.ended;
  }
}

/** Command lines that name the folder: whatever a start left running. */
function runningIn(folder: string): string[] {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
    try {
      return [readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")].filter((line) => line.includes(folder));
    } catch {
      return [];
    }
  });
}

/** What says that a network runs. */
const signs = (folder: string): string[] => ["net/endpoints.json", "net.pid"].filter((file) => existsSync(join(folder, file)));

describe("npm start", function () {
  this.timeout(240_000);
  let folder: string;
  /** What the first start showed. */
  let shown: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "dcm-start-"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  describe("-- --once", () => {
    let first: Start;
    let code: number | null;

    before(async () => {
      first = new Start(folder, "--once", "--fresh");
      code = await first.ended;
      ({ shown } = first);
    });
    after(() => first.end());

    /** The groups of what must be on the screen. */
    function find(pattern: RegExp): string[] {
      const found = pattern.exec(shown);
      assert.ok(found !== null, `${String(pattern)} is not in: ${shown}`);
      return found.slice(1);
    }

    it("ends with status 0 and nothing to complain about", () => {
      assert.deepEqual([code, first.err], [0, ""], `${shown}\n${first.err}`);
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
      assert.deepEqual([runningIn(folder), signs(folder), existsSync(join(folder, "net/built"))], [[], [], true]);
    });
  });

  describe("again, on the state of that", () => {
    let second: Start;
    let took: number;
    before(async () => {
      const since = Date.now();
      second = new Start(folder, "--job", "none");
      await second.until("Running until Ctrl-C.");
      took = Date.now() - since;
    });
    after(() => second.end());

    it("takes it up in seconds: the same accounts, providers and asks", () => {
      assert.match(second.shown, /✓ network: 4 validators and 3 workers, blocks are coming; state of the last start in \S+ .*✓ providers: 3 registered and bonded/);
      assert.equal(second.err, "");
      assert.ok(took < 30_000, `${took} ms until it ran`);
    });

    it("has the first start's job on its chain, and says where its endpoints are", async () => {
      const { chainId, rest } = JSON.parse(readFileSync(join(folder, "net/endpoints.json"), "utf8")) as { chainId: string; rest: string };
      const [, hash] = /a bid for 7 tasks .*? transaction ([0-9A-F]{64})/.exec(shown)!;
      const { tx_response: found } = (await (await fetch(`${rest}/cosmos/tx/v1beta1/txs/${hash}`)).json()) as { tx_response: { txhash: string; code: number } };
      assert.deepEqual([chainId, found.txhash, found.code], ["dcm-localnet-1", hash, 0]);
    });

    it("is refused where it runs already, and disturbs nothing", async () => {
      const third = new Start(folder, "--job", "none");
      assert.equal(await third.ended, 1);
      assert.match(third.err, /^dcm: this localnet runs already \(process \d+\): stop it with Ctrl-C where it runs, or choose another --name\n$/);
      assert.deepEqual(signs(folder), ["net/endpoints.json", "net.pid"]);
    });

    it("stops every process that it started at Ctrl-C, and says so", async () => {
      assert.ok(runningIn(folder).length >= 4 + 4 + 3, "a dcmd and a CometBFT for each validator, a worker for each provider");
      const since = Date.now();
      second.interrupt();
      await second.ended;
      assert.match(second.shown, /Running until Ctrl-C\. (stopping \.\.\. )?stopped; state and logs stay in \S+ $/);
      assert.deepEqual([second.err, runningIn(folder), signs(folder)], ["", [], []]);
      assert.ok(Date.now() - since < 15_000, `${Date.now() - since} ms`);
    });
  });

  describe("-- --show dispute", () => {
    let state: string;
    let start: Start;
    before(() => {
      state = mkdtempSync(join(tmpdir(), "dcm-dispute-"));
    });
    after(async () => {
      await start.end();
      rmSync(state, { recursive: true, force: true });
    });

    it("shows a lie, the challenge, each move, what the chain finds, and who lost and got what", async () => {
      start = new Start(state, "--show", "dispute", "--once", "--validators", "1", "--providers", "1", "--block-ms", "300");
      assert.deepEqual([await start.ended, start.err], [0, ""], start.shown);
      const story = ["provider-0 alone offers rv32.core here", "provider-0 committed to its result", "provider-0 revealed it: a lie", "bob ran the program again, came to another end and challenges, with a bond of 1,000,000 udcm",
        "provider-0 has to show its states within 1,073,741,824 transitions", "bob has to say in which part of these 1,073,741,824 transitions they first differ", "provider-0 has to show its states within 65,536 transitions",
        "the chain finds that provider-0 was wrong", "verdict: provider-0 was wrong", "stopped; state"];
      const at = story.map((line) => start.shown.indexOf(line));
      assert.ok(at.every((index, i) => index >= 0 && (i === 0 || index > at[i - 1]!)), `${at.join()}: ${start.shown}`);
      const [lost, before, now, toBob, burned, bond, gained, paid, back] = /lost of its bond ([\d,]+) ([\d,]+) before, ([\d,]+) now of that to bob ([\d,]+) who proved it burned ([\d,]+) bob's bond for the challenge ([\d,]+) came back bob has more than before ([\d,]+) fees of his moves taken off alice paid for the lie (\d+) ([\d,]+) udcm came back/.exec(start.shown)!.slice(1).map(number) as [bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint];
      assert.deepEqual([before - now, toBob + burned, bond, paid, back], [lost, lost, 1_000_000n, 0n, 606_000n]);
      assert.ok(toBob === lost / 10n && gained > 0n && gained < toBob);
    });
  });

  describe("where it cannot start, ends with what helps, and leaves nothing running", () => {
    const refused = async (status: number, words: string | RegExp, ...options: string[]): Promise<void> => {
      const start = new Start(folder, "--job", "none", ...options);
      const code = await start.ended;
      if (typeof words === "string") assert.equal(start.err, words);
      else assert.match(start.err, words);
      assert.deepEqual([code, runningIn(folder), signs(folder)], [status, [], []]);
    };

    it("an option that means nothing", () => refused(2, 'dcm: --validators is a whole number from 1 to 20, not "none"\n     npm start -- --help shows the options\n', "--validators", "none"));

    it("a state of a network of another shape", () =>
      refused(1, `dcm: the network in ${folder}/net was made with --validators 4 --providers 3, not --validators 1 --providers 2: start it as it was, add --fresh to forget it, or choose another --name\n`, "--validators", "1", "--providers", "2"));

    it("ports that are taken", async () => {
      const server = createServer().listen(0, "127.0.0.1");
      await once(server, "listening");
      const { port } = server.address() as AddressInfo;
      await refused(1, `dcm: port ${port} on 127.0.0.1 is in use: stop what listens there, or choose another base port (--base-port)\n`, "--base-port", String(port));
      server.close();
    });

    it("a state of which a part is gone", async () => {
      const key = join(folder, "net/validator-1/config/priv_validator_key.json");
      renameSync(key, `${key}.away`);
      await refused(1, `dcm: ${key} is gone: the state cannot be used. Add --fresh to build a new network\n`);
      renameSync(`${key}.away`, key);
    });
  });
});
