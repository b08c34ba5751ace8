/** Shows a job on the market as it happens: book, bid, match, tasks, settlement, result, receipt. */
import pc from "picocolors";
import type { Connection } from "../client/connection.ts";
import { ReplicaState, TaskState, type Job, type Task } from "../chain/codec/gen/dcm/market/v1/types.ts";
import type { Gateway } from "../worker/gateway/gateway.ts";
import { runJob, type FinishedWave, type WaveProgress } from "../worker/gateway/run-job.ts";
import type { LoadedJob } from "../worker/job-file.ts";
import { denom } from "./homes.ts";
import { grouped, type Screen } from "./screen.ts";

export interface DemoOptions {
  readonly screen: Screen;
  readonly connection: Connection;
  readonly gateway: Gateway;
  /** The account that pays. */
  readonly consumer: string;
  readonly loaded: LoadedJob;
  readonly signal: AbortSignal;
}

interface Party {
  readonly name: string;
  readonly address: string;
}

export async function showJob(options: DemoOptions): Promise<void> {
  const { screen, connection, loaded, consumer } = options;
  const { job } = loaded;
  const names = await providerNames(connection);
  const parties: Party[] = [{ name: "alice (consumer)", address: consumer }, ...[...names].map(([address, name]) => ({ name, address }))];
  const before = await balances(connection, parties);

  screen.title(`Job: ${job.title}`);
  screen.print(`${loaded.inputs.length} map tasks, then ${job.waves.length - 1} reduce; class ${job.classId}; verification ${job.verification}${job.verification === "V2" ? " (two replicas by drawn providers must agree)" : ""}; at most ${grouped(job.limitPrice)} ${job.quoteDenom} for a lot of 10^9 instructions`);
  await showBook(options, "\nOrder book before the bid");

  const waves = await runJob({
    connection, gateway: options.gateway, loaded, pollMs: 250, signal: options.signal,
    onPlaced: async (wave, placed) => {
      screen.print(`\n${pc.bold(job.waves[wave]!.kind)}  bid and job ${placed.id} in block ${placed.sent.height}, transaction ${placed.sent.txHash}`);
      screen.print(`     escrow ${grouped(placed.escrow)} ${denom}, storage deposit ${grouped(placed.storageDeposit)} ${denom} (comes back)`);
      if (wave === 0) await showBook(options, "Order book with the bid");
    },
    onProgress: reporter(screen, names),
  });

  screen.title("Result");
  screen.print(loaded.present(waves.at(-1)!.results[0]!.output).trimEnd());
  await receipt(options, waves, names);
  const after = await balances(connection, parties);
  screen.title("Balances");
  screen.table(["account", "address", `before (${denom})`, "after", "change"], parties.map(({ name, address }, i) => [name, address, grouped(before[i]!), grouped(after[i]!), signed(after[i]! - before[i]!)]), [2, 3, 4]);
  screen.print(pc.dim("the consumer's change holds its transaction fees and the storage deposit, which returns with the records; providers pay for their transactions"));
}

async function showBook({ screen, connection, loaded: { job } }: DemoOptions, title: string): Promise<void> {
  const { asks, bids } = await connection.query.market.book({ classId: job.classId, quoteDenom: job.quoteDenom, levels: 10 });
  screen.print(`${title} ${pc.dim(`(${job.classId} / ${job.quoteDenom}, price of a lot)`)}`);
  const rows = [
    ...[...asks].reverse().map(({ price, units, orders }) => [pc.red("ask"), grouped(price), grouped(units), String(orders)]),
    ...bids.map(({ price, units, orders }) => [pc.green("bid"), grouped(price), grouped(units), String(orders)]),
  ];
  if (rows.length === 0) screen.print(pc.dim("  empty"));
  else screen.table(["side", "price", "units", "orders"], rows, [1, 2, 3]);
}

/** Prints what is new, and keeps one line that moves. */
function reporter(screen: Screen, names: ReadonlyMap<string, string>): (progress: WaveProgress) => void {
  const told = new Set<string>();
  const once = (key: string, text: () => string): void => {
    if (told.has(key)) return;
    told.add(key);
    screen.print(text());
  };
  return ({ placed, job, tasks, kind }) => {
    for (const task of tasks) {
      if (task.replicas.length > 0) {
        const first = task.replicas[0]!;
        once(`match ${task.id} ${first.leaseId}`, () => `  task ${task.index}  matched with ${names.get(first.provider) ?? first.provider} at ${grouped(task.price)} ${denom} a lot (lease ${first.leaseId})`);
      }
      for (const replica of task.replicas) {
        if (replica.state !== ReplicaState.REPLICA_STATE_OUT) continue;
        once(`out ${task.id} ${replica.provider} ${replica.round}`, () => `  task ${task.index}  ${pc.yellow(`${names.get(replica.provider) ?? replica.provider} is out`)}${replica.slashed === "0" || replica.slashed === "" ? "" : `, ${grouped(replica.slashed)} ${denom} of its bond slashed`}`);
      }
      if (task.state === TaskState.TASK_STATE_TIEBREAK) once(`tie ${task.id}`, () => `  task ${task.index}  ${pc.yellow("the replicas differ: two more are drawn")}`);
      if (task.state === TaskState.TASK_STATE_FINAL) once(`final ${task.id}`, () => `  task ${task.index}  ${pc.green("accepted")}: ${task.replicas.filter((r) => r.state === ReplicaState.REPLICA_STATE_REVEALED).map((r) => names.get(r.provider) ?? r.provider).join(" and ")} revealed the same result; ${grouped(task.replicas.reduce((sum, r) => sum + BigInt(r.paid || "0"), 0n))} ${denom} paid`);
      if (task.state === TaskState.TASK_STATE_CLOSED) once(`closed ${task.id}`, () => `  task ${task.index}  ${pc.red("closed without a result")} (reason ${task.closeReason})`);
    }
    const replicas = tasks.flatMap((task) => task.replicas);
    const at = (...states: number[]): number => replicas.filter((replica) => states.includes(replica.state)).length;
    const { REPLICA_STATE_RUNNING, REPLICA_STATE_COMMITTED, REPLICA_STATE_REVEALED } = ReplicaState;
    const wanted = tasks.length * Math.max(1, job.k);
    const final = tasks.filter((task) => task.state === TaskState.TASK_STATE_FINAL).length;
    const line = `  ${kind} job ${placed.id} ${screen.bar(final, tasks.length)}  running ${at(REPLICA_STATE_RUNNING)}, committed ${at(REPLICA_STATE_COMMITTED, REPLICA_STATE_REVEALED)}/${wanted}, revealed ${at(REPLICA_STATE_REVEALED)}/${wanted}, settled ${grouped(job.escrow?.paid ?? "0")} ${denom}`;
    if (job.endedTau > 0n) screen.still(line);
    else screen.moving(line);
  };
}

/** Who did what, in which transaction, for how much: read back from the chain, not from memory. */
async function receipt({ screen, connection, consumer }: DemoOptions, waves: readonly FinishedWave[], names: ReadonlyMap<string, string>): Promise<void> {
  screen.title("Receipt");
  for (const { placed, job, tasks, kind } of waves) {
    const found = await connection.comet.txSearchAll({ query: `dcm.market.v1.EventReplicaChanged.job_id='${placed.id}'` });
    const consumers = await connection.comet.txSearchAll({ query: `dcm.market.v1.EventBidPlaced.job_id='${placed.id}'` });
    const rows: string[][] = [];
    const seen = new Set<string>();
    for (const tx of [...consumers.txs, ...found.txs].sort((a, b) => a.height - b.height || a.index - b.index)) {
      const hash = Buffer.from(tx.hash).toString("hex").toUpperCase();
      if (seen.has(hash)) continue;
      seen.add(hash);
      const actions = tx.result.events.filter((event) => event.type === "message").flatMap((event) => event.attributes.filter((a) => a.key === "action").map((a) => a.value.split(".").at(-1)!.replace("Msg", "")));
      const sender = tx.result.events.find((event) => event.type === "message")?.attributes.find((a) => a.key === "sender")?.value ?? "";
      rows.push([String(tx.height), names.get(sender) ?? (sender === consumer ? "alice" : sender), summary(actions), hash]);
    }
    screen.print(`${kind} job ${placed.id}`);
    screen.table(["height", "who", "what", "transaction"], rows, [0]);
    screen.print(escrowLine(job, tasks));
  }
}

function summary(actions: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const action of actions) counts.set(action, (counts.get(action) ?? 0) + 1);
  return [...counts].map(([action, count]) => (count === 1 ? action : `${action} x ${count}`)).join(", ");
}

function escrowLine(job: Job, tasks: readonly Task[]): string {
  const { deposited, paid, refunded, fees, burned, held } = job.escrow!;
  const meter = tasks.reduce((sum, task) => sum + (task.result?.meter ?? 0n), 0n);
  return `  escrow ${grouped(deposited)} = paid ${grouped(paid)} + refunded ${grouped(refunded)} + fee ${grouped(fees)} + burned ${grouped(burned)} + held ${grouped(held)}; metered ${grouped(meter)} instructions\n`;
}

async function providerNames(connection: Connection): Promise<Map<string, string>> {
  const { providers } = await connection.query.providers.providers();
  return new Map(providers.map((provider) => [provider.operator, provider.profile?.moniker ?? provider.operator]));
}

async function balances(connection: Connection, parties: readonly Party[]): Promise<bigint[]> {
  return Promise.all(parties.map(async ({ address }) => BigInt((await connection.query.bank.balance(address, denom)).amount)));
}

function signed(value: bigint): string {
  return value < 0n ? `-${grouped(-value)}` : `+${grouped(value)}`;
}
