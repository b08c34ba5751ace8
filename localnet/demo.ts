/** Shows a job on the market as it happens: book, bid, match, draw, tasks, settlement; then result, receipt and balances. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import pc from "picocolors";
import type { Connection } from "../client/connection.ts";
import type { Gateway } from "../worker/gateway/gateway.ts";
import type { Verification } from "../worker/gateway/bid.ts";
import { JobFailed, requestOf, runJob, type FinishedWave, type WaveProgress } from "../worker/gateway/run-job.ts";
import type { LoadedJob } from "../worker/job-file.ts";
import { denom } from "./homes.ts";
import { receiptOf, type PenaltyReceipt, type Receipt, type Step } from "../client/receipt.ts";
import { lotOf } from "../cli/book.ts";
import { providerNames } from "../cli/providers.ts";
import { grouped, ranges, type Screen } from "../cli/screen.ts";
import { watchJob } from "../cli/watch.ts";

export interface DemoOptions {
  readonly screen: Screen;
  readonly connection: Connection;
  readonly gateway: Gateway;
  readonly chainId: string;
  /** The account that pays. */
  readonly consumer: string;
  readonly loaded: LoadedJob;
  /** Receives `job-N.json`. */
  readonly receipts: string;
  /** Prints every transaction's hash in full. */
  readonly verbose: boolean;
  readonly signal: AbortSignal;
}

interface Party {
  readonly name: string;
  readonly address: string;
}

const consumerName = "alice";

const checks: Readonly<Record<Verification, string>> = {
  V0: "one provider runs each task, nobody checks", V1: "one provider runs each task; now and then another one, drawn by lot, runs it again",
  V3: "one provider runs each task; whoever finds another result may challenge it, and the chain decides",
  V2: "two providers run each task, the second one drawn by lot; their results must be equal",
};

/** Runs the job and shows it; gives its output. Rejects with JobFailed, after the receipt, where a task came to no result. */
export async function showJob(options: DemoOptions): Promise<Uint8Array> {
  const { screen, connection, loaded, consumer, signal } = options;
  const { job, inputs } = loaded;
  const names = await providerNames(connection);
  const everybody = new Map([...names, [consumer, consumerName]]);
  const parties: Party[] = [...everybody].map(([address, name]) => ({ name, address })).sort((a, b) => (a.name < b.name ? -1 : 1));
  const denoms = [...new Set([denom, job.quoteDenom])];
  const before = await balances(connection, parties, denoms);

  const { params } = await connection.query.market.params();
  const capacity = (await connection.query.market.class({ classId: job.classId })).class!;
  screen.title(`Job: ${job.title}`);
  screen.paragraph(`  ${inputs.length} map tasks${job.waves.length > 1 ? `, then ${job.waves.slice(1).map(() => "1 reduce task").join(", ")}` : ""}, of class ${job.classId}; ${consumerName} pays at most ${grouped(requestOf(loaded).limitPrice)} ${job.quoteDenom} for a lot (${lotOf(capacity)}).`, 2);
  screen.paragraph(`  Verification ${job.verification}: ${checks[job.verification]}.`, 2);
  await showBook(options, "Order book before the bid");

  let last: WaveProgress | undefined;
  let failed: unknown;
  const stalled = new AbortController();
  const waves = await runJob({
    connection, gateway: options.gateway, loaded, pollMs: 250, signal: AbortSignal.any([signal, stalled.signal]),
    onPlaced: async ({ id, sent, escrow, storageDeposit }) => {
      const tasks = inputs.length + job.waves.length - 1;
      const lots = job.waves.reduce((most, wave) => Math.max(most, Number(wave.lots)), 0);
      screen.print(`\n${pc.bold(`job ${id}`)}, a bid for ${count(tasks, "task")}${job.waves.length > 1 ? ` in ${count(job.waves.length, "stage")}` : ""} of at most ${count(lots, "lot")} each, in block ${sent.height}`);
      screen.paragraph(`  transaction ${sent.txHash}`, 2);
      screen.paragraph(`  escrow ${grouped(escrow)} ${job.quoteDenom} and a storage deposit of ${grouped(storageDeposit)} ${denom}; what is not needed comes back`, 2);
      await showBook(options, "Order book with the bid");
    },
    onProgress: watchJob({
      screen, names, bondDenom: denom, params: params!,
      onProgress: (progress) => (last = progress),
      onStall: ({ id }, minutes) => stalled.abort(new Error(`job ${id}: nothing happened for ${minutes} minutes; the receipt says where it stands, the logs below logs/ may say why`)),
    }),
  }).catch((error: unknown): FinishedWave[] => {
    signal.throwIfAborted();
    if (!(error instanceof JobFailed || stalled.signal.aborted)) throw error;
    failed = error;
    return [];
  });

  if (failed === undefined) {
    screen.title("Result");
    screen.print(loaded.present(waves.at(-1)!.results[0]!.output).trimEnd());
  }
  screen.title("Receipt");
  const receipt = last === undefined ? undefined : await showReceipt(options, last, everybody);
  const after = await balances(connection, parties, denoms);
  screen.title("Balances");
  for (const [i, of] of denoms.entries()) {
    const [then, now] = [before[i]!, after[i]!];
    screen.table(["account", `before (${of})`, `after (${of})`, `change (${of})`], parties.map(({ name }, j) => [name, grouped(then[j]!), grouped(now[j]!), signed(now[j]! - then[j]!)]), [1, 2, 3]);
  }
  if (receipt !== undefined) showSpending(options, receipt);
  await showPrices(options);
  if (failed !== undefined) throw failed;
  return waves.at(-1)!.results[0]!.output;
}

/** What the book remembers of its prices, and the index of what was settled. */
async function showPrices({ screen, connection, loaded: { job } }: DemoOptions): Promise<void> {
  const name = { classId: job.classId, quoteDenom: job.quoteDenom };
  const { book } = await connection.query.market.book({ ...name, levels: 1, profileId: 0 });
  const index = await connection.query.market.index(name);
  const newest = { key: new Uint8Array(0), offset: 0n, limit: 1n, countTotal: false, reverse: true };
  const [candle] = (await connection.query.market.candles({ ...name, interval: 3_600_000n, pagination: newest })).candles;
  screen.title(`Prices of ${job.classId}, ${job.quoteDenom} a lot`);
  screen.table(["", "price", "lots"], [
    ["last batch", grouped(book!.lastPrice), ""],
    ["reference price", grouped(book!.referencePrice), ""],
    ...(candle === undefined ? [] : [["hour: low to high", `${grouped(candle.low)} to ${grouped(candle.high)}`, grouped(candle.lots)]]),
    ["index of what was settled in 24 h", grouped(index.price), grouped(index.lots)],
  ], [1, 2]);
}

async function showBook({ screen, connection, loaded: { job } }: DemoOptions, title: string): Promise<void> {
  const { asks, bids } = await connection.query.market.book({ classId: job.classId, quoteDenom: job.quoteDenom, levels: 10 });
  screen.print(`\n${title}`);
  const rows = [
    ...[...asks].reverse().map(({ price, units, orders }) => [pc.red("ask"), grouped(price), grouped(units), String(orders)]),
    ...bids.map(({ price, units, orders }) => [pc.green("bid"), grouped(price), grouped(units), String(orders)]),
  ];
  if (rows.length === 0) screen.print(pc.dim("  empty"));
  else screen.table(["side", `price of a lot (${job.quoteDenom})`, "units", "orders"], rows, [1, 2, 3]);
}

/** The receipt from the chain: tables of stages and tasks here, everything in a file. */
async function showReceipt(options: DemoOptions, { job, stages, all }: WaveProgress, names: ReadonlyMap<string, string>): Promise<Receipt> {
  const { screen, connection, chainId } = options;
  const name = (address: string): string => names.get(address) ?? address;
  mkdirSync(options.receipts, { recursive: true });
  const { latestBlockHeight } = (await connection.comet.status()).syncInfo;
  const kinds = options.loaded.job.waves.map(({ kind }) => kind);
  const receipt = await receiptOf({ connection, chainId, job, stages, tasks: all, from: Number(job.createdHeight), to: latestBlockHeight });
  const path = join(options.receipts, `job-${receipt.job}.json`);
  writeFileSync(path, `${JSON.stringify({ title: options.loaded.job.title, waves: kinds, names: Object.fromEntries(names), ...receipt }, undefined, 2)}\n`);
  screen.print(`  ${pc.bold(`job ${receipt.job}`)}   ${pc.dim(relative(process.cwd(), path))}`);
  const hash = screen.width >= 96 ? 8 : 0;
  const step = (at: Step | undefined): string => (at === undefined ? "" : `${at.height}${at.txHash === undefined || hash === 0 ? "" : ` ${at.txHash.slice(0, hash)}`}`);
  const list = (steps: readonly Step[]): string => steps.map((at) => `${at.height} ${at.txHash?.slice(0, 8)}`).join(", ");
  screen.paragraph(`  ${name(receipt.consumer)}: bid ${list(receipt.bid === undefined ? [] : [receipt.bid])}${receipt.salts.length === 0 ? "" : `; salts for the draws ${list(receipt.salts)}`}${receipt.seals.length === 0 ? "" : `; keys sealed ${list(receipt.seals)}`}`, 4);
  if (receipt.stages.length > 0) {
    screen.table(
      ["stage", "tasks", "inputs supplied", "opened", "end", "state"],
      receipt.stages.map((one) => [kinds[one.index] ?? String(one.index), ranges(Array.from({ length: one.tasks }, (_, n) => one.firstTask + n)), one.supplied === undefined ? "with the bid" : step(one.supplied), step(one.opened), step(one.ended), one.state]),
    );
  }
  screen.table(
    ["task", "replica", "by", "start", "commit", "reveal", "end", "paid"],
    receipt.tasks.flatMap((task) =>
      task.replicas.map((one, n) => [
        n === 0 ? String(task.index) : "", name(one.provider), `${one.by} ${(one.by === "match" ? task.matched : one.assigned)?.height ?? ""}`, step(one.started), step(one.committed), step(one.revealed), step(one.out ?? task.ended).split(" ")[0]!,
        one.slashed === "0" ? grouped(one.paid) : `${one.paid === "0" ? "" : `${grouped(one.paid)} `}-${grouped(one.slashed)}`,
      ]),
    ),
    [0, 7],
  );
  const { deposited, paid, refunded, fees, burned, held } = receipt.escrow;
  const meter = receipt.tasks.reduce((sum, task) => sum + BigInt(task.result?.meter ?? 0), 0n);
  screen.paragraph(`  escrow ${grouped(deposited)} = ${grouped(paid)} paid + ${grouped(refunded)} refunded + ${grouped(fees)} market fee + ${grouped(burned)} burned + ${grouped(held)} held; ${grouped(meter)} instructions metered`, 4);
  showPenalties(options, receipt, name);
  if (options.verbose) screen.table(["block", "transaction", "by", "messages"], receipt.transactions.map((tx) => [String(tx.height), tx.txHash, name(tx.sender), summary(tx.messages)]), [0]);
  screen.print();
  screen.paragraph(pc.dim(`Numbers are block heights, then the beginnings of transaction hashes; ${amountsIn(options.loaded.job.quoteDenom)}.${options.verbose ? "" : " The files have everything in full, --verbose prints it."}`));
  return receipt;
}

/** Who lost how much of its bond, why, and where that went. */
function showPenalties({ screen }: DemoOptions, { penalties }: Receipt, name: (address: string) => string): void {
  const groups = new Map<string, PenaltyReceipt[]>();
  for (const one of penalties) groups.set(`${one.provider} ${one.reason}`, [...(groups.get(`${one.provider} ${one.reason}`) ?? []), one]);
  for (const group of groups.values()) {
    const { provider, reason } = group[0]!;
    const sum = (pick: (one: PenaltyReceipt) => string): bigint => group.reduce((total, one) => total + BigInt(pick(one)), 0n);
    const parts = [
      [sum((one) => one.toProvers), "to the providers that proved it"], [sum((one) => one.toConsumer), `to ${consumerName} for a dearer market`], [sum((one) => one.burned), "burned"],
    ] as const;
    const split = parts.filter(([amount]) => amount > 0n).map(([amount, where]) => `${grouped(amount)} ${where}`).join(", ");
    screen.paragraph(pc.yellow(`  slashed: ${name(provider)} lost ${grouped(sum((one) => one.amount))} ${denom} of its bond, in ${count(group.length, "task")}, because ${reasons[reason] ?? reason}: ${split}`), 4);
  }
}

const reasons: Readonly<Record<string, string>> = {
  minority: "three others agreed on another result", reveal_missed: "it committed to a result and did not show it in time",
  commit_missed: "it started and did not commit in time", start_missed: "it did not start in time",
  declined: "it declined more than its allowance covers",
};

/** Where the consumer's money went: its transactions' fees are in the receipt too. */
function showSpending({ screen, consumer, loaded }: DemoOptions, receipt: Receipt): void {
  const sum = (pick: (receipt: Receipt) => bigint): string => grouped(pick(receipt));
  const ofConsumer = ({ transactions }: Receipt): bigint => transactions.filter(({ sender }) => sender === consumer).reduce((total, { fee }) => total + BigInt(/^\d+/.exec(fee)?.[0] ?? 0), 0n);
  screen.paragraph(
    pc.dim(
      `${consumerName} paid ${sum(({ escrow }) => BigInt(escrow.paid))} ${loaded.job.quoteDenom} to providers, ${sum(({ escrow }) => BigInt(escrow.fees))} market fee, ${sum(ofConsumer)} ${denom} for transactions; ` +
        `${sum(({ escrow }) => BigInt(escrow.storageDeposit))} ${denom} of storage deposit comes back when the records go. Providers pay for their transactions, too.`,
    ),
  );
}

/** "StartTask x 2, CommitResult" */
function summary(messages: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const message of messages) counts.set(message, (counts.get(message) ?? 0) + 1);
  return [...counts].map(([message, n]) => (n === 1 ? message : `${message} x ${n}`)).join(", ");
}

function amountsIn(quoteDenom: string): string {
  return quoteDenom === denom ? `amounts are in ${denom}` : `prices, pay and escrow are in ${quoteDenom}, stakes, deposits and fees of transactions in ${denom}`;
}

/** Of each party, by denom. */
async function balances(connection: Connection, parties: readonly Party[], denoms: readonly string[]): Promise<bigint[][]> {
  return Promise.all(denoms.map((of) => Promise.all(parties.map(async ({ address }) => BigInt((await connection.query.bank.balance(address, of)).amount)))));
}

function count(n: number, what: string): string {
  return `${grouped(n)} ${what}${n === 1 ? "" : "s"}`;
}

function signed(value: bigint): string {
  return value < 0n ? `-${grouped(-value)}` : `+${grouped(value)}`;
}
