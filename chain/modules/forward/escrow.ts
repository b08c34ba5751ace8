/** Money in and out of the module's account. Nothing else in the module moves coins. */
import type { Order, Position } from "../../codec/gen/dcm/forward/v1/types.ts";
import type { CostTag } from "../../codec/gen/dcm/market/v1/types.ts";
import { HoldingKind } from "../../codec/gen/dcm/organization/v1/types.ts";
import { addressBytes, moduleAddress } from "../../codec/address.ts";
import { addCoins, type Money } from "../../runtime/coins.ts";
import { escrowAccount } from "./state.ts";
import type { Context } from "../../runtime/context.ts";
import type { HoldingRef, ProviderFacts, Work } from "../organization/ports.ts";
import type { ForwardPorts } from "./ports.ts";

export const escrowAddress = moduleAddress(escrowAccount);

/** An amount in the quote denom, and storage deposits in the bond denom. */
export interface Amounts {
  readonly denom: string;
  readonly amount: bigint;
  readonly deposit: bigint;
}

export interface Spend extends Amounts {
  readonly signer: string;
  /** Empty: the signer's own money. */
  readonly organization: string;
  readonly holding: HoldingRef;
  readonly purpose: "forward" | "forward-sale" | "forward-resale" | "forward-transfer";
  readonly costTags: readonly CostTag[];
  readonly work: Work;
  /** Whose capacity it is, where that is known. */
  readonly provider?: ProviderFacts;
}

export const orderHolding = ({ id }: Pick<Order, "id">): HoldingRef => ({ kind: HoldingKind.HOLDING_KIND_FORWARD_ORDER, id });
export const positionHolding = ({ id }: Pick<Position, "id">): HoldingRef => ({ kind: HoldingKind.HOLDING_KIND_FORWARD_POSITION, id });

const positive = (denom: string, amount: bigint): Money[] => (amount > 0n ? [{ denom, amount }] : []);

function coinsOf(ctx: Context, ports: ForwardPorts, { denom, amount, deposit }: Amounts): Money[] {
  return addCoins(positive(denom, amount), positive(ports.providers.bondDenom(ctx), deposit));
}

/** The one way by which a user's money comes in: the signer's own, or its organization's, within role, policy and budgets. */
export function authorizeSpend(ctx: Context, ports: ForwardPorts, { denom, amount, deposit, ...spend }: Spend): void {
  ports.bank.requireSendEnabled(ctx, positive(denom, amount));
  ports.organizations.authorizeSpend(ctx, { ...spend, payer: "", coins: coinsOf(ctx, ports, { denom, amount, deposit }), into: escrowAccount });
}

/** What a payer set aside comes back; of an organization's money, its budgets hear of it. */
export function giveBack(ctx: Context, ports: ForwardPorts, holding: HoldingRef, payer: string, amounts: Amounts): void {
  ports.organizations.refund(ctx, escrowAddress, holding, payer, coinsOf(ctx, ports, amounts));
}

/** What a payer set aside for one thing is held for another from now on. */
export function carryOver(ctx: Context, ports: ForwardPorts, from: HoldingRef | undefined, to: HoldingRef, payer: string, amounts: Amounts): void {
  ports.organizations.move(ctx, from, to, payer, coinsOf(ctx, ports, amounts));
}

/** What one side gets of the other's money: no budget was charged for it. */
export function award(ctx: Context, ports: ForwardPorts, to: string, denom: string, amount: bigint): void {
  if (amount > 0n) ports.bank.send(ctx, escrowAddress, addressBytes(to), [{ denom, amount }]);
}
