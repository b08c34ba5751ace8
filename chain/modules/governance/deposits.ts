/** Deposits: what opens the vote on a proposal, and what becomes of it. */
import { ProposalStatus, type Params, type Proposal } from "../../codec/gen/cosmos/gov/v1/gov.ts";
import { addressBytes, addressText } from "../../codec/address.ts";
import { Dec } from "../../math/dec.ts";
import { addCoins, allWithin, amountOf, coinsText, fromWire, readCoins, subCoins, toWire, type Money, type WireCoin } from "../../runtime/coins.ts";
import { uint64Key } from "../../runtime/collections.ts";
import { assert, fail, sdkErrors } from "../../runtime/errors.ts";
import { errors } from "./errors.ts";
import { account, communityPool, failNotFound, isOver, moduleName, type GovernancePorts } from "./keeper.ts";
import { minDepositOf } from "./params.ts";
import { activate } from "./proposals.ts";
import { deposits, held, params, proposals } from "./state.ts";
import type { Context } from "../../runtime/context.ts";

/** The coins of a deposit; the SDK names the coins as they came. Fails with sdk 10. */
export function readDeposit(wire: readonly WireCoin[], least: 0 | 1): Money[] {
  const coins = readCoins(wire);
  if (typeof coins === "string" || coins.length < least) return fail(sdkErrors.invalidCoins, coinsText(wire.slice(0, 16).map(({ denom, amount }) => ({ denom: denom.slice(0, 128), amount: amount.slice(0, 80) }))));
  return coins;
}

/** Fails with gov 23. */
export function checkDenoms(p: Params, amount: readonly Money[]): void {
  if (amount.some(({ denom }) => !p.minDeposit.some((least) => least.denom === denom))) {
    fail(errors.invalidDepositDenom, `deposited ${coinsText(amount)}, but gov accepts only the following denom(s): [${p.minDeposit.map(({ denom }) => denom).join(" ")}]`);
  }
}

/** What must come with a proposal at once. Fails with gov 16. */
export function checkInitial(p: Params, amount: readonly Money[], expedited: boolean): void {
  const ratio = Dec.parse(p.minInitialDepositRatio);
  if (ratio.isZero) return;
  const least = minDepositOf(p, expedited).map((coin) => ({ ...coin, amount: ratio.mulInt(coin.amount).roundInt() })).filter((coin) => coin.amount > 0n);
  if (!allWithin(least, amount)) fail(errors.minDepositTooSmall, `was (${coinsText(amount)}), need (${coinsText(least)})`);
}

/** Takes coins from the depositor; begins the voting period once there are enough. True where it did. Fails with gov 3, 16, 23 and sdk 5. */
export function addDeposit(ports: GovernancePorts, ctx: Context, id: bigint, depositor: Uint8Array, amount: readonly Money[]): boolean {
  const before = proposals.find(ctx, id) ?? failNotFound(id.toString(), "Proposal");
  if (isOver(ctx, before)) fail(errors.inactiveProposal, id.toString());
  const p = params.get(ctx);
  const least = minDepositOf(p, before.expedited);
  checkDenoms(p, amount);
  checkShare(p, least, amount);
  if (amount.length > 0) {
    ports.bank.send(ctx, depositor, account, amount);
    hold(ctx, amount);
  }
  const total = addCoins(fromWire(before.totalDeposit), amount);
  const proposal = { ...before, totalDeposit: toWire(total) };
  proposals.set(ctx, id, proposal);
  const begins = proposal.status === ProposalStatus.PROPOSAL_STATUS_DEPOSIT_PERIOD && allWithin(least, total);
  if (begins) activate(ports, ctx, proposal);
  ctx.emit("proposal_deposit", [["depositor", addressText(depositor)], ["amount", coinsText(amount)], ["proposal_id", id.toString()]]);
  const now = addCoins(fromWire(deposits.find(ctx, [id, depositor])?.amount ?? []), amount);
  deposits.set(ctx, [id, depositor], { proposalId: id, depositor: addressText(depositor), amount: toWire(now) });
  return begins;
}

/** GOV-4: each deposit is a share of the least one in some denom, so that their number is bounded by what they cost. */
function checkShare(p: Params, least: readonly Money[], amount: readonly Money[]): void {
  const ratio = Dec.parse(p.minDepositRatio);
  if (ratio.isZero) return;
  const thresholds = least.map((coin) => ({ ...coin, amount: ratio.mulInt(coin.amount).truncateInt() }));
  const met = amount.some((coin) => coin.amount >= amountOf(thresholds, coin.denom));
  if (!met) fail(errors.minDepositTooSmall, `received ${coinsText(amount)} but need at least one of the following: ${coinsText(thresholds)}`);
}

/** Coins that the gov account holds for depositors. */
export function hold(ctx: Context, coins: readonly Money[]): void {
  for (const { denom, amount } of coins) held.set(ctx, denom, (held.find(ctx, denom) ?? 0n) + amount);
}

function release(ctx: Context, coins: readonly Money[]): void {
  for (const { denom, amount } of coins) {
    const left = (held.find(ctx, denom) ?? 0n) - amount;
    assert(left >= 0n, `gov: ${amount}${denom} of deposits were not held`);
    if (left === 0n) held.remove(ctx, denom);
    else held.set(ctx, denom, left);
  }
}

/** Gives up to `most` deposits of a proposal back; gives how many. */
export function refund({ bank }: GovernancePorts, ctx: Context, id: bigint, most: number): number {
  const due = depositsOf(ctx, id, most);
  for (const { depositor, amount } of due) {
    deposits.remove(ctx, [id, depositor]);
    release(ctx, amount);
    if (amount.length > 0) bank.send(ctx, account, depositor, amount);
  }
  return due.length;
}

/** Destroys all deposits of a proposal at once; their records stay behind. */
export function burnDeposits({ bank }: GovernancePorts, ctx: Context, { totalDeposit }: Proposal): void {
  const total = fromWire(totalDeposit);
  if (total.length === 0) return;
  release(ctx, total);
  bank.burn(ctx, moduleName, total);
}

/** GOV-6: a cancelled proposal costs its depositors a share, rounded down for each coin of each deposit, which is burned or goes where the parameters say; the rest goes back. */
export function chargeDeposits({ bank, distribution }: GovernancePorts, ctx: Context, id: bigint): void {
  const { proposalCancelRatio, proposalCancelDest } = params.get(ctx);
  const ratio = Dec.parse(proposalCancelRatio);
  let charges: Money[] = [];
  for (const { depositor, amount } of depositsOf(ctx, id, Infinity)) {
    const charge = amount.map((coin) => ({ ...coin, amount: ratio.mulInt(coin.amount).truncateInt() })).filter((coin) => coin.amount > 0n);
    const rest = subCoins(amount, charge)!;
    charges = addCoins(charges, charge);
    deposits.remove(ctx, [id, depositor]);
    release(ctx, amount);
    if (rest.length > 0) bank.send(ctx, account, depositor, rest);
  }
  if (charges.length === 0) return;
  if (proposalCancelDest === "") bank.burn(ctx, moduleName, charges);
  else if (proposalCancelDest === communityPool) distribution.fundCommunityPool(ctx, account, charges);
  else bank.send(ctx, account, addressBytes(proposalCancelDest), charges);
}

function depositsOf(ctx: Context, id: bigint, most: number): { readonly depositor: Uint8Array; readonly amount: Money[] }[] {
  const out: { depositor: Uint8Array; amount: Money[] }[] = [];
  for (const [[, depositor], { amount }] of deposits.entries(ctx, { within: uint64Key.encode(id) })) {
    if (out.length === most) break;
    out.push({ depositor, amount: fromWire(amount) });
  }
  return out;
}
