/** dcm job and dcm receipt: what became of a job, event by event and coin by coin, read from the blocks. */
import pc from "picocolors";
import type { Task } from "../chain/codec/gen/dcm/market/v1/types.ts";
import { TaskState } from "../chain/codec/gen/dcm/market/v1/types.ts";
import { allPages } from "../client/pages.ts";
import { receiptOf, type Receipt, type Step } from "../client/receipt.ts";
import { closedBecause } from "../worker/gateway/run-job.ts";
import { CliError, columns, exitCodes, print, type Io } from "./io.ts";
import { costOf, jobNamed, nameOf, stateOf } from "./jobs.ts";
import { bondDenom, openNet, type Net, type NetOptions } from "./net.ts";
import { ProgressBar } from "./progress.ts";
import { providerNames } from "./providers.ts";
import { Runs } from "./runs.ts";
import { grouped, ranges } from "./screen.ts";
import { stateName } from "./watch.ts";

export interface JobOptions extends NetOptions {
  readonly json?: true | undefined;
}

interface Told {
  readonly net: Net;
  readonly found: Awaited<ReturnType<typeof jobNamed>>;
  readonly tasks: readonly Task[];
  readonly receipt: Receipt;
  readonly names: ReadonlyMap<string, string>;
  readonly bond: string;
}

async function tell(io: Io, id: string, options: JobOptions, say: (told: Told) => void): Promise<void> {
  const net = await openNet(io, options);
  const bar = new ProgressBar(io, "reading");
  try {
    const { connection } = net;
    const found = await jobNamed(connection, id);
    const { job, stages } = found;
    const tasks = await allPages((pagination) => connection.query.market.tasks({ jobId: job.id, pagination }), (page) => page.tasks);
    const { lastBlockHeight = 0 } = await connection.comet.abciInfo();
    const from = Number(job.createdHeight);
    const receipt = await receiptOf({ connection, chainId: net.chainId, job, stages, tasks, from, to: lastBlockHeight, onRead: (height) => bar.draw(height - from + 1, lastBlockHeight - from + 1, `block ${height}`) }).catch((error: unknown) => {
      throw whereGone(error, net, id);
    });
    bar.done();
    say({ net, found, tasks, receipt, names: await providerNames(connection), bond: await bondDenom(connection) });
  } finally {
    bar.done();
    net.connection.close();
  }
}

/** A node that has thrown the blocks of a job away says so. */
export function whereGone(error: unknown, { node }: Net, id: string): unknown {
  return /is not available|lowest height/.test(String(error)) ? new CliError(exitCodes.notFound, `${node} does not keep the blocks of job ${id} any more`, "A node that keeps all of them is asked with --node.") : error;
}

/** Where it stands and how it came there. */
export async function job(io: Io, id: string, options: JobOptions): Promise<void> {
  await tell(io, id, options, ({ found: { job: one, bid, stages }, tasks, receipt, names }) => {
    const events = timeline(receipt, names);
    if (options.json === true) return print(io, true, { job: one, bid, stages, tasks, timeline: events }, "");
    const open = tasks.filter(({ state }) => state !== TaskState.TASK_STATE_FINAL && state !== TaskState.TASK_STATE_CLOSED);
    const closed = tasks.filter(({ state }) => state === TaskState.TASK_STATE_CLOSED);
    io.stdout(`${[
      `${pc.createColors(io.colours).bold(`job ${id}`)}${nameOf(one) === "" ? "" : ` (${nameOf(one)})`}: ${stateOf(one, bid)}; ${one.tasksFinal} of ${tasks.length} tasks accepted${one.tasksClosed > 0 ? `, ${one.tasksClosed} closed` : ""}`,
      `of ${one.consumer}${one.organization === "" ? "" : ` for ${one.organization}`}, ${one.classId}, at most ${grouped(bid.limitPrice)} ${one.quoteDenom} for a lot, ${grouped(costOf(one))} spent so far`,
      ...(bid.excluded.length === 0 ? [] : [`gets no more of it, after a miss or a decline: ${bid.excluded.map((provider) => names.get(provider) ?? provider).join(", ")}`]),
      ...open.map((task) => `task ${task.index}: ${stateName(TaskState, task.state, "TASK_STATE_")}${task.replicas.length === 0 ? "" : `, ${task.replicas.map(({ provider }) => names.get(provider) ?? provider).join(" and ")}`}`),
      ...closed.map((task) => `task ${task.index} has no result: ${closedBecause(task)}`),
      "",
      columns([["block", "what", "tasks", "transaction"], ...events.map(({ height, what, tasks: of, txHash }) => [String(height), what, ranges(of), txHash?.slice(0, 16) ?? ""])]),
    ].join("\n")}\n`);
    io.stderr(one.endedTau > 0n ? `next: dcm receipt ${id}\n` : `next: dcm attach ${id} serves it from here, dcm cancel ${id} takes back what is not matched\n`);
  });
}

export interface Moment {
  readonly height: number;
  readonly txHash?: string;
  readonly what: string;
  /** Indexes; none: the whole job. */
  readonly tasks: readonly number[];
}

/** In the order of blocks; what happened to several tasks in one step is one line. */
export function timeline({ bid, salts, seals, stages, tasks, penalties }: Pick<Receipt, "bid" | "salts" | "seals" | "stages" | "tasks" | "penalties">, names: ReadonlyMap<string, string>): Moment[] {
  const name = (provider: string): string => names.get(provider) ?? provider;
  const moments: (Moment & { readonly rank: number })[] = [];
  const add = (rank: number, step: Step | undefined, what: string, task?: number): void => {
    if (step === undefined) return;
    const at = moments.findIndex((one) => one.height === step.height && one.txHash === step.txHash && one.what === what);
    if (at < 0) moments.push({ ...step, rank, what, tasks: task === undefined ? [] : [task] });
    else if (task !== undefined) moments[at] = { ...moments[at]!, tasks: [...moments[at]!.tasks, task] };
  };
  const plain = ({ height, txHash }: Step): Step => (txHash === undefined ? { height } : { height, txHash });
  add(0, bid, "bid placed");
  for (const one of salts) add(3, plain(one), `salt revealed for ${one.draws} ${one.draws === 1 ? "draw" : "draws"}`);
  for (const one of seals) add(5, plain(one), `key sealed to ${one.providers.map(name).join(", ")}`);
  for (const one of stages.slice(1)) {
    add(1, one.supplied, `inputs of stage ${one.index + 1} supplied`);
    add(10, one.ended, `stage ${one.index + 1} ${one.state}`);
  }
  for (const task of tasks) {
    const [first] = task.replicas;
    if (first !== undefined) add(2, task.matched, `matched at ${grouped(task.price)}, ${name(first.provider)} first`, task.index);
    for (const one of task.replicas) {
      if (one.by !== "match") add(4, one.assigned, `${name(one.provider)} drawn${{ draw: "", audit: " for an audit", "tie-break": " for a tie-break" }[one.by]}`, task.index);
      add(6, one.started, `${name(one.provider)} started`, task.index);
      add(7, one.committed, `${name(one.provider)} committed`, task.index);
      add(8, one.revealed, `${name(one.provider)} revealed`, task.index);
      add(8, one.out, `${name(one.provider)} out`, task.index);
    }
    add(9, task.ended, task.state === "final" ? "accepted and paid" : "closed without a result", task.index);
  }
  for (const one of penalties) add(9, plain(one), `${name(one.provider)} lost ${grouped(one.amount)} of its bond: ${one.reason.replaceAll("_", " ")}`, tasks.find(({ id }) => id === one.task)?.index);
  return moments.sort((a, b) => a.height - b.height || a.rank - b.rank).map(({ height, txHash, what, tasks: of }) => ({ height, ...(txHash === undefined ? {} : { txHash }), what, tasks: of }));
}

/** What it cost, against what was said before, and by which transactions. */
export async function receipt(io: Io, id: string, options: JobOptions): Promise<void> {
  await tell(io, id, options, ({ net, found: { job: one, bid }, receipt: whole, names, bond }) => {
    const quoted = new Runs(io, net.chainId).find(one)?.note;
    const mine = whole.transactions.filter(({ sender }) => sender === one.consumer);
    const gasFees = mine.reduce((sum, { fee }) => sum + BigInt(/^\d+/.exec(fee)?.[0] ?? 0), 0n);
    const cost = costOf(one);
    const { escrow } = whole;
    if (options.json === true) return print(io, true, { ...whole, quote: quoted === undefined ? null : { expected: quoted.expected, maximum: quoted.maximum }, cost, transaction_fees: gasFees }, "");
    const money: [string, string, string][] = [
      ["set aside", grouped(escrow.deposited), one.quoteDenom], ["paid to providers", grouped(escrow.paid), one.quoteDenom], ["market fee", grouped(escrow.fees), one.quoteDenom], ["burned", grouped(escrow.burned), one.quoteDenom], ["came back", grouped(escrow.refunded), one.quoteDenom],
      ...(escrow.held === "0" ? [] : [["still held", grouped(escrow.held), one.quoteDenom] as [string, string, string]]),
      ["cost", grouped(cost), one.quoteDenom], ...(quoted === undefined ? [] : [["quoted, expected", quoted.expected === "" ? "" : grouped(quoted.expected), one.quoteDenom], ["quoted, at most", grouped(quoted.maximum), one.quoteDenom]] as [string, string, string][]),
      [`fees of your ${mine.length} transactions`, grouped(gasFees), bond], ["storage deposit", grouped(escrow.storageDeposit), bond],
    ];
    const meter = whole.tasks.reduce((sum, task) => sum + BigInt(task.result?.meter ?? 0), 0n);
    io.stdout(`${[
      `${pc.createColors(io.colours).bold(`receipt of job ${id}`)}${nameOf(one) === "" ? "" : ` (${nameOf(one)})`}, ${stateOf(one, bid)}, on ${net.chainId}`, "",
      columns([["", "amount", "denom"], ...money]), "",
      columns([["task", "provider", "by", "price", "paid", "slashed", "result (SHA-256)"], ...whole.tasks.flatMap((task) => task.replicas.map((each) => [String(task.index), names.get(each.provider) ?? each.provider, each.by, grouped(task.price), grouped(each.paid), grouped(each.slashed), task.result === undefined ? "" : task.result.digest.slice(0, 16)]))]), "",
      columns([["block", "your transactions", "messages", "fee"], ...mine.map((tx) => [String(tx.height), tx.txHash, [...new Set(tx.messages)].join(", "), tx.fee])]),
    ].join("\n")}\n`);
    io.stderr(`${grouped(meter)} instructions metered; the storage deposit comes back with the records. dcm receipt ${id} --json has every transaction and digest in full.\n`);
  });
}
