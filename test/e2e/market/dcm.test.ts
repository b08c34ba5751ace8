/** The consumer's first hour: `dcm` as a process of its own, against the network that `npm start` makes. */
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, describe, it } from "mocha";
import { sha256 } from "../../../chain/codec/hash.ts";
import { toHex } from "../../../chain/codec/bytes.ts";
import { program, wat } from "../../../worker/sandbox/testing.ts";

const root = join(import.meta.dirname, "../../..");
const histogram = join(root, "examples/histogram");

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

interface Finished {
  readonly job: string;
  readonly paid: string;
  readonly fee: string;
  readonly refunded: string;
}

describe("dcm for consumers", function () {
  this.timeout(180_000);
  let folder: string;
  let localnet: ChildProcess;
  let said = "";
  const env = (): NodeJS.ProcessEnv => ({ ...process.env, DCM_HOME: join(folder, "home"), DCM_NODE: undefined, DCM_PROFILE: undefined, CI: "1" });

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "dcm-consumer-"));
    localnet = spawn(process.execPath, [join(root, "localnet/start.ts"), "--job", "none", "--validators", "1", "--providers", "3", "--state", folder, "--name", "net", "--block-ms", "300"], { stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [localnet.stdout!, localnet.stderr!]) stream.setEncoding("utf8").on("data", (text: string) => (said += text));
    const end = Date.now() + 120_000;
    while (!said.includes("Running until Ctrl-C")) {
      if (Date.now() > end || localnet.exitCode !== null) throw new Error(`the localnet did not start: ${said}`);
      await sleep(100);
    }
  });
  after(async () => {
    if (localnet.exitCode === null) {
      localnet.kill("SIGTERM");
      await once(localnet, "exit");
    }
    rmSync(folder, { recursive: true, force: true });
  });

  /** What this gas costs at a price such as 0.001udcm. */
  const feeAt = (gasPrice: string, gas: number): bigint => BigInt(Math.ceil(gas * Number.parseFloat(gasPrice)));

  /** As a shell runs it. `interrupt`: Ctrl-C as soon as standard output has this. */
  async function dcm(argv: readonly string[], interrupt?: string): Promise<Ended> {
    const child = spawn(process.execPath, [join(root, "bin/dcm.mjs"), ...argv], { cwd: folder, env: env(), stdio: ["ignore", "pipe", "pipe"] });
    let out = "";
    let err = "";
    let told = false;
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      out += text;
      if (interrupt === undefined || told || !out.includes(interrupt)) return;
      told = true;
      child.kill("SIGINT");
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
    const [code] = (await once(child, "close")) as [number | null];
    return { code: code ?? -1, out, err };
  }
  const json = async <T>(...argv: string[]): Promise<T> => {
    const { code, out, err } = await dcm([...argv, "--json"]);
    assert.equal(code, 0, err);
    return JSON.parse(out) as T;
  };
  const events = ({ out }: Ended): { event: string }[] => out.trim().split("\n").map((line) => JSON.parse(line) as { event: string });
  const udcm = async (): Promise<bigint> => BigInt((await json<{ balances: { amount: string }[] }>("balance")).balances[0]!.amount);

  it("begins with a key, coins of the faucet and a word on what to do next; again it changes nothing but the balance (CLI-2)", async () => {
    const first = await dcm(["init", "--net", "local", "--localnet", join(folder, "net"), "--json"]);
    assert.equal(first.code, 0, first.err);
    assert.match(first.err, /balance {2}100,000,000 udcm; 100,000,000 udcm of it from the faucet now\n.*next {5}dcm book/s);
    const { address } = JSON.parse(first.out) as { address: string };
    const again = await dcm(["init", "--json"]);
    assert.equal((JSON.parse(again.out) as { address: string }).address, address);
    assert.match(again.err, /nothing from the faucet: .* had coins already/);
    assert.match((await dcm(["keys", "list"])).out, new RegExp(`\\* +me +${address} +no`));
  });

  it("shows what there is to buy, and from whom (CLI-3)", async () => {
    assert.match((await dcm(["book"])).out, /ask {3}120,000 +4 +1 +12 {2}█+\nask {3}110,000 +4 +1 +8 {2}█+\nask {3}100,000/);
    assert.match((await dcm(["classes"])).out, /rv32\.core +jobs +10\^8 metered instructions .*wasm\.core +jobs +10\^9 metered instructions .* 100,000 udcm\n/s);
    assert.equal((await json<{ profile: { moniker: string } }[]>("providers", "--active")).length, 3);
    const none = await dcm(["book", "wasm.cor"]);
    assert.deepEqual([none.code, none.err], [3, "dcm: there is no class wasm.cor\n     There is cpu.x64.small, rv32.core, wasm.core.\n"]);
    assert.equal((await dcm(["book", "--denom", "ueur"])).code, 3);
  });

  it("quotes what the chain then takes, and names the cheapest change where nobody serves (CLI-4)", async () => {
    interface Quoted { readonly cost: { readonly expected: { readonly total: string } | undefined; readonly maximum: { readonly total: string } }; readonly storageDeposit: string; readonly transactionFees: { readonly gasPrice: string; readonly orderGas: number; readonly order: string; readonly message: string }; readonly asks: { readonly matching: number; readonly all: number }; readonly excluded: { rule: string; asks: number }[]; readonly relaxation: { change: string } }
    const quoted = await json<Quoted>("quote", histogram);
    assert.deepEqual([quoted.cost.expected!.total, quoted.cost.maximum.total, quoted.asks], ["1333200", "4848000", { all: 3, matching: 3, freeUnits: 12, providers: 3 }]);
    // V2, five tasks and a stage: replicas and tie-breaks of six, 70,000 gas each, 400,000 for the bid, 100,000 for the transaction.
    const { gasPrice, orderGas, order, message } = quoted.transactionFees;
    assert.deepEqual([orderGas, BigInt(order), BigInt(message)], [500_000 + 6 * 4 * 70_000, feeAt(gasPrice, orderGas), feeAt(gasPrice, 500_000)]);
    assert.match((await dcm(["quote", histogram])).out, /\nTransaction fees [\d,]+ udcm for the order \(2,180,000 gas at [\d.]+udcm\); [\d,]+ for each message after it, which seals keys, opens a salt or supplies a stage\.\n/);
    const refereed = await dcm(["quote", join(histogram, "refereed.json")]);
    // Six tasks at 11,000, half of them audited, and the market's hundredth.
    assert.match(refereed.out, /\nexpected +11,000 +99,000 +990 +99,990 +at the price that the book gives now, 50 % of the tasks audited\n/);
    const low = await json<Quoted>("quote", histogram, "--limit", "100000");
    assert.deepEqual([low.excluded, low.relaxation.change, low.cost.expected], [[{ rule: "asks more than the limit", asks: 2 }], "--limit 110000", undefined]);
    const before = await udcm();
    assert.match((await dcm(["run", histogram, "--dry-run"])).err, /nothing was sent/);
    const poor = await dcm(["run", histogram, "--limit", "20000000"]);
    assert.equal(poor.code, 1);
    assert.match(poor.err, /the chain would refuse this order: .*insufficient funds\n {5}dcm quote/);
    assert.equal(await udcm(), before);
  });

  it("runs a job, leaves it at Ctrl-C, comes back to it, and writes results that are those of the chain (CLI-5)", async () => {
    const left = await dcm(["run", histogram, "--json", "--tag", "project=apollo"], "placed");
    assert.equal(left.code, 130, left.err);
    const placed = events(left)[0] as unknown as { event: string; job: string; escrow: string; tx_hash: string };
    assert.deepEqual([placed.event, placed.escrow], ["placed", "4848000"]);
    assert.match(left.err, new RegExp(`left job ${placed.job}, .*dcm attach ${placed.job} `, "s"));
    const back = await dcm(["attach", placed.job, "--json", "--out", "results"]);
    assert.equal(back.code, 0, back.err);
    const finished = events(back).at(-1) as unknown as Finished & { event: string };
    assert.equal(finished.event, "finished");
    const { results } = JSON.parse(readFileSync(join(folder, "results/results.json"), "utf8")) as { results: { file: string; output_sha256: string; exit_code: number }[] };
    const { outputSha256 } = JSON.parse(readFileSync(join(histogram, "expected.json"), "utf8")) as { outputSha256: string };
    assert.deepEqual([results.length, results.at(-1)!.output_sha256], [6, outputSha256]);
    for (const { file, output_sha256: digest } of results) assert.equal(toHex(sha256(readFileSync(join(folder, "results", file)))), digest);
    const later = await dcm(["attach", placed.job]);
    assert.deepEqual([later.code, later.out.split("\n")[0]], [0, "hour  flights     late  mean delay      (late: more than 15 minutes)"]);

    interface Receipt { readonly cost: string; readonly quote: { expected: string; maximum: string }; readonly escrow: { deposited: string; refunded: string }; readonly transactions: { txHash: string; messages: string[]; fee: string }[] }
    const receipt = await json<Receipt>("receipt", placed.job);
    assert.equal(BigInt(receipt.cost), BigInt(finished.paid) + BigInt(finished.fee));
    assert.deepEqual([receipt.escrow.deposited, BigInt(receipt.escrow.refunded), receipt.quote], ["4848000", 4_848_000n - BigInt(receipt.cost), { expected: "1333200", maximum: "4848000" }]);
    assert.deepEqual([receipt.transactions[0]!.txHash, receipt.transactions[0]!.messages], [placed.tx_hash, ["PlaceBid"]]);
    assert.deepEqual([receipt.transactions[0]!.fee], [`${(await json<{ transactionFees: { order: string } }>("quote", histogram)).transactionFees.order}udcm`], "what the quote says of the order's fee is what it paid");
    const story = (await dcm(["job", placed.job])).out;
    assert.match(story, /: done; 6 of 6 tasks accepted\n.*bid placed.*salt revealed.*drawn.*started.*committed.*revealed.*accepted and paid.*inputs of stage 2 supplied.*stage 2 final/s);
    assert.match((await dcm(["bill", "show", "--account", (await json<{ address: string }>("balance")).address])).out, /project=apollo/);
  });

  it("leaves a job to the background, tells what happens to it, and fetches its results as often as one likes (CLI-11)", async () => {
    const ordered = await dcm(["sbatch", histogram, "--verify", "v0", "--out", "background"]);
    assert.equal(ordered.code, 0, ordered.err);
    const [, id = ""] = /^Submitted batch job (\d+)\n$/.exec(ordered.out) ?? [];
    const [, pid, logFile = ""] = /process (\d+) serves it from here while it lives, and says what it sees in (\S+)\n/.exec(ordered.err)!;
    const log = await dcm(["logs", id, "-f"]);
    assert.equal(log.code, 0, log.err);
    assert.match(log.out, new RegExp(`^block \\d+ {2}bid placed\n.*task 0: provider-\\d running\n.*task 5: accepted and paid\ntask 5: ended with ok, exit code 0; \\d+ bytes: dcm cp ${id}/5\n`, "s"));
    const { outputSha256 } = JSON.parse(readFileSync(join(histogram, "expected.json"), "utf8")) as { outputSha256: string };
    assert.equal((await dcm(["cp", `${id}:/5`, "last.bin"])).out, "last.bin\n");
    assert.equal(toHex(sha256(readFileSync(join(folder, "last.bin")))), outputSha256);
    const { results } = await json<{ results: { file: string; output_sha256: string }[] }>("cp", id, "copied");
    assert.deepEqual([results.length, results.at(-1)!.output_sha256], [6, outputSha256]);
    for (const { file, output_sha256: digest } of results) assert.equal(toHex(sha256(readFileSync(join(folder, file)))), digest);
    const one = await dcm(["logs", `${id}/5`]);
    assert.deepEqual([one.code, one.out.includes("task 0"), one.out.split("\n").at(-2)], [0, false, log.out.split("\n").find((line) => line.startsWith("task 5: ended"))]);
    assert.equal((await dcm(["cp", `${id}/9`])).code, 3);
    assert.equal((await dcm(["scancel", id])).code, 1);
    for (const end = Date.now() + 20_000; Date.now() < end && existsSync(`/proc/${pid}`); ) await sleep(100);
    assert.match(readFileSync(logFile, "utf8"), /6 results in .*background, each held against its digest on chain/);
    assert.equal(toHex(sha256(readFileSync(join(folder, "background/task-5")))), outputSha256);
    assert.match((await dcm(["complete", "--", "receipt", ""])).out, new RegExp(`^${id}\n`));
  });

  it("takes a waiting order back: all money comes home but the storage deposit and gas (CLI-6)", async () => {
    const before = await udcm();
    const left = await dcm(["run", histogram, "--limit", "1000", "--verify", "v0", "--json"], "placed");
    const { job, storage_deposit: deposit } = events(left)[0] as unknown as { job: string; storage_deposit: string };
    assert.match(left.err, /nobody can begin it now: it waits in the book; --limit 100000 would let it begin/);
    assert.match((await dcm(["jobs", "--live"])).out, new RegExp(`${job} +in the book +histogram +0/6 +0 +udcm`));
    const cancelled = await dcm(["cancel", job]);
    assert.equal(cancelled.code, 0, cancelled.err);
    for (const end = Date.now() + 20_000; Date.now() < end && (await dcm(["jobs", "--live"])).out !== ""; ) await sleep(200);
    const gas = before - BigInt(deposit) - (await udcm());
    // Of the bid, with six matches to come, and of the cancellation.
    assert.ok(gas > 0n && gas <= 1_420n, `${gas} udcm of gas`);
    const again = await dcm(["cancel", job]);
    assert.deepEqual([again.code, /not open|is cancelled/.test(again.err)], [1, true], again.err);
    assert.equal((await dcm(["attach", job])).code, 6);
    assert.equal((await dcm(["job", "4711"])).code, 3);
    assert.equal(existsSync(join(folder, "home/config.toml")), true);
  });

  it("has a program served, asks it, pays for more time and closes it (CLI-7)", async () => {
    const classify = join(root, "examples/classify");
    const run = await dcm(["service", "run", classify, "--json"]);
    assert.equal(run.code, 0, run.err);
    const { service, escrow } = JSON.parse(run.out) as { service: string; escrow: string };
    // Two minutes at a quarter above the cheapest offer, with the fee.
    assert.equal(escrow, "252500");
    const asked = ["service", "call", service, "--body", join(classify, "penguins.bin"), "--hex"];
    let answer = await dcm(asked);
    for (const end = Date.now() + 15_000; answer.code !== 0 && Date.now() < end; answer = await dcm(asked)) await sleep(300);
    assert.deepEqual([answer.code, answer.out], [0, "020001\n"], answer.err);
    assert.match((await dcm(["service", "list", "--live"])).out, new RegExp(`${service}/0 +running +provider-\\d +1\\d0,000 +`));
    interface Balance { readonly instances: { balance: string; instance: { deposits: unknown[] } }[] }
    assert.equal((await json<Balance>("service", "top-up", `${service}/0`, "5000")).instances[0]!.instance.deposits.length, 1);
    const closed = await dcm(["service", "close", service]);
    assert.deepEqual([closed.code, /0 +closed /.test(closed.out)], [0, true], closed.err);
    const again = await dcm(["service", "close", service]);
    assert.deepEqual([again.code, again.err.split("\n")[0]], [1, `dcm: service ${service} is closed already`]);
    assert.equal((await dcm(["service", "call", `${service}/7`])).code, 3);
  });

  it("makes an organization whose member spends within budget and policy, and is told what forbids more (CLI-8)", async () => {
    const told = async (...argv: string[]): Promise<string> => {
      const { code, out, err } = await dcm(argv);
      assert.equal(code, 0, err);
      return out;
    };
    assert.match((await dcm(["init", "--key", "work"])).err, /key {6}work: dcm1\S+, new/);
    const { address: work } = await json<{ address: string }>("balance");
    await told("init", "--key", "me");
    await told("org", "create", "acme");
    await told("org", "deposit", "acme", "20000000");
    await told("org", "budget", "acme", "6000000", "--tag", "team=ml");
    await told("org", "invite", "acme", work, "--role", "spender");
    assert.match((await dcm(["org", "show", "--key", "work"])).err, /next: dcm org accept acme/);
    await told("org", "accept", "acme", "--key", "work");
    writeFileSync(join(folder, "policy.json"), JSON.stringify({ min_verification: "VERIFICATION_LEVEL_V2_REPLICATED" }));
    await told("org", "policy", "acme", "policy.json");
    assert.match(await told("org", "show", "acme"), new RegExp(`^acme: 20,000,000 udcm in dcm1.*${work} +spender.*any member +team=ml +6,000,000 +0 +6,000,000 +udcm +month.*policy: min_verification VERIFICATION_LEVEL_V2_REPLICATED\n$`, "s"));

    const spend = ["quote", histogram, "--key", "work", "--organization", "acme"];
    assert.equal((await dcm([...spend, "--tag", "team=ml"])).code, 0);
    for (const [more, words] of [[[], /no budget/], [["--tag", "team=ml", "--limit", "1000000"], /more than remains/], [["--tag", "team=ml", "--verify", "v0"], /min_verification/]] as const) {
      const refused = await dcm([...spend, ...more]);
      assert.deepEqual([refused.code, words.test(refused.err)], [1, true], refused.err);
    }
    writeFileSync(join(folder, "policy.json"), JSON.stringify({ allowed_jurisdictions: ["CH"] }));
    await told("org", "policy", "acme", "policy.json");
    assert.match((await dcm([...spend, "--tag", "team=ml"])).out, /3 are excluded: the organization's policy: it declares no jurisdiction/);
    writeFileSync(join(folder, "policy.json"), JSON.stringify({ allowed_jurisdiction: ["CH"] }));
    const wrong = await dcm(["org", "policy", "acme", "policy.json"]);
    assert.deepEqual([wrong.code, /policy\.json: .*allowed_jurisdiction/.test(wrong.err)], [4, true], wrong.err);
    assert.equal((await dcm(["org", "show", "acmee"])).code, 3);
  });

  it("runs a program alone: what each task writes is what the command writes, its exit code is the command's (CLI-12)", async () => {
    const echo = "(local $n i32) (local.set $n (call $inputRead (i32.const 0) (i32.const 0) (i32.const 65536))) (call $output (i32.const 0) (local.get $n))";
    writeFileSync(join(folder, "echo.wasm"), program(echo));
    writeFileSync(join(folder, "five.wasm"), wat('(module (import "dcm" "exit" (func $exit (param i32))) (memory (export "memory") 1) (func (export "run") (call $exit (i32.const 5))))'));
    for (const text of ["one", "two"]) writeFileSync(join(folder, text), `${text}\n`);
    const both = await dcm(["run", "echo.wasm", "--in", "one", "--in", "two", "--verify", "v0"]);
    assert.deepEqual([both.code, both.out], [0, "one\ntwo\n"], both.err);
    const failed = await dcm(["run", "five.wasm", "--verify", "v0"]);
    assert.deepEqual([failed.code, failed.out], [5, ""], failed.err);
    assert.match(failed.err, /ended with ok, exit code 5\n {5}dcm job \d+ tells/);
  });
});
