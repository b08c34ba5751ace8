/** dcm jobs and dcm cancel. */
import { OrderStatus, type Bid, type Job, type Stage } from "../chain/codec/gen/dcm/market/v1/types.ts";
import type { Connection } from "../client/connection.ts";
import { allPages } from "../client/pages.ts";
import { TxFailed } from "../client/sender.ts";
import { CliError, columns, exitCodes, print, type Io } from "./io.ts";
import { openNet } from "./net.ts";
import { grouped } from "./screen.ts";
import { stateName } from "./watch.ts";
import { accountOf, signer, type SignOptions } from "./wallet.ts";

export interface JobsOptions extends SignOptions {
  readonly last: string;
  readonly live?: true | undefined;
  readonly json?: true | undefined;
}

/** The account's jobs, the latest first. */
export async function jobs(io: Io, options: JobsOptions): Promise<void> {
  const most = Number(options.last);
  if (!Number.isInteger(most) || most < 1 || most > 10_000) throw new CliError(exitCodes.usage, `--last ${options.last} is no number from 1 to 10000`);
  const net = await openNet(io, options);
  try {
    const { address } = accountOf(io, net, options);
    const { market, clock } = net.connection.query;
    const { tauMs } = await clock.tau();
    const all = (await allPages((pagination) => market.jobs({ consumer: address, pagination }), (page) => page.jobs, { reverse: true, most })).filter((job) => options.live !== true || job.endedTau === 0n);
    const rows = await Promise.all(all.map(async (job) => {
      const { bid } = await market.job({ jobId: job.id });
      return [String(job.id), stateOf(job, bid!), nameOf(job), `${job.tasksFinal}/${job.spec!.tasks}`, grouped(costOf(job)), job.quoteDenom, `${ago(tauMs - job.createdTau)} ago`, job.organization];
    }));
    print(io, options.json, all, rows.length === 0 ? "" : columns([["job", "state", "name", "tasks", "cost", "denom", "ordered", "organization"], ...rows]));
    if (rows.length === 0) io.stderr(`${address} has no ${options.live === true ? "living " : ""}jobs; dcm run examples/kmeans orders one\n`);
  } finally {
    net.connection.close();
  }
}

/** Closes what is not matched; what runs goes on. */
export async function cancel(io: Io, id: string, options: SignOptions & { readonly json?: true | undefined }): Promise<void> {
  const net = await openNet(io, options);
  try {
    const { job } = await jobNamed(net.connection, id);
    const { sender, account } = await signer(io, net, options);
    if (job.consumer !== account.address && job.organization === "") throw new CliError(exitCodes.usage, `job ${id} is ${job.consumer}'s, not ${account.address}'s`, "Another key signs with --key.");
    const { txHash, height } = await sender.send({ typeUrl: "/dcm.market.v1.MsgCancelBid", value: { consumer: account.address, jobId: job.id } }).catch((error: unknown) => {
      throw error instanceof TxFailed ? new CliError(exitCodes.failed, error.message, `dcm job ${id} shows where it stands.`) : error;
    });
    print(io, options.json, { job: id, tx_hash: txHash, height }, `job ${id} is cancelled from block ${height} on: what was not matched closes and its money comes back, what runs goes on`);
  } finally {
    net.connection.close();
  }
}

/** Rejects with a CliError where there is none, or none any more. */
export async function jobNamed({ query }: Connection, id: string): Promise<{ readonly job: Job; readonly bid: Bid; readonly stages: readonly Stage[] }> {
  if (!/^[1-9]\d{0,17}$/.test(id)) throw new CliError(exitCodes.usage, `${JSON.stringify(id.slice(0, 40))} is no job`, "A job has a number, such as 7; dcm jobs lists yours.");
  const found = await query.market.job({ jobId: BigInt(id) }).catch((error: unknown) => {
    if (/does not exist or was pruned/.test((error as Error).message)) throw new CliError(exitCodes.notFound, `there is no job ${id}, or not any more`, "Records go some time after a job ended; dcm bill shows what was paid. dcm jobs lists yours.");
    throw error;
  });
  return { job: found.job!, bid: found.bid!, stages: found.stages };
}

/** Where it stands, in a word. */
export function stateOf(job: Job, bid: Bid): string {
  if (job.endedTau > 0n) return job.tasksClosed === 0 ? "done" : job.tasksFinal === 0 ? "closed" : "part done";
  if (bid.status === OrderStatus.ORDER_STATUS_OPEN) return bid.nextTask === 0 ? "in the book" : "running";
  return bid.status === OrderStatus.ORDER_STATUS_FILLED ? "running" : stateName(OrderStatus, bid.status, "ORDER_STATUS_");
}

/** The tag that job files give. */
export const nameOf = ({ costTags }: Job): string => costTags.find(({ key }) => key === "job")?.value ?? "";

export const costOf = ({ escrow }: Job): bigint => BigInt(escrow!.paid) + BigInt(escrow!.fees) + BigInt(escrow!.burned);

/** A span of milliseconds, roughly. */
export function ago(ms: bigint): string {
  const seconds = ms / 1_000n;
  if (seconds < 120n) return `${seconds} s`;
  if (seconds < 7_200n) return `${seconds / 60n} min`;
  return seconds < 172_800n ? `${seconds / 3_600n} h` : `${seconds / 86_400n} d`;
}
