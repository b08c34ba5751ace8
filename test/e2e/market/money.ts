/** What a job must have cost, to the unit: by its record, by its events, by its consumer's balance. */
import assert from "node:assert/strict";
import type { Job } from "../../../chain/codec/gen/dcm/market/v1/types.ts";
import { denom } from "../../../localnet/homes.ts";
import { secondFunds, type Consumer, type World } from "./world.ts";

const feeBps = 100n;
/** S of a replica, as a multiple of F, where no risk is declared. */
export const stakeFactor = 20n;

export interface Outcome {
  /** For each task that ended with payments, the providers' parts. The fee is taken of each task's sum. */
  readonly paid?: readonly (readonly bigint[])[];
  readonly burned?: bigint;
  /** From slashed stakes. */
  readonly awards?: bigint;
}

export const total = (values: readonly bigint[]): bigint => values.reduce((sum, value) => sum + value, 0n);

/** The escrow of a job that ended; gives what came back of it. */
export function checkEscrow(job: Job, { paid = [], burned = 0n }: Outcome): bigint {
  const payments = total(paid.map(total));
  const fees = total(paid.map((parts) => (total(parts) * feeBps) / 10_000n));
  const { deposited, storageDeposit: _, ...escrow } = job.escrow!;
  const refunded = BigInt(deposited) - payments - fees - burned;
  assert.ok(refunded >= 0n);
  assert.deepEqual(escrow, { denom: job.quoteDenom, paid: String(payments), fees: String(fees), burned: String(burned), refunded: String(refunded), held: "0", perTask: String(BigInt(deposited) / BigInt(job.spec!.tasks)) });
  return refunded;
}

/** For the only job of a consumer, once it ended. `job` is its record then. */
export async function checkMoney(world: World, consumer: Consumer, job: Job, outcome: Outcome): Promise<void> {
  const refunded = checkEscrow(job, outcome);
  const { deposited, storageDeposit, paid, fees, burned } = job.escrow!;
  await world.history.upToNow();
  const settled = world.history.find("EventEscrowSettled", { job_id: job.id });
  const sum = (key: string): string => String(total(settled.map(({ attributes }) => BigInt(attributes[key]!))));
  assert.deepEqual({ paid: sum("paid"), fees: sum("fee"), burned: sum("burned"), refunded: sum("refunded") }, { paid, fees, burned, refunded: String(refunded) });
  assert.equal(settled.at(-1)!.attributes.held, "0");
  // The escrow is in the denom of the book, everything else in the bond denom.
  const inEscrow = BigInt(deposited) - refunded;
  const second = job.quoteDenom === denom ? 0n : inEscrow;
  const spent = BigInt(storageDeposit) + world.history.feesOf(consumer.address) + inEscrow - second;
  assert.equal(await world.balance(consumer.address), consumer.funds - spent + (outcome.awards ?? 0n));
  if (second > 0n) assert.equal(await world.balance(consumer.address, job.quoteDenom), secondFunds - second);
}
