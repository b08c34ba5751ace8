/** Money in and out of the module's account. Nothing else in the module moves coins. */
import { addressBytes, moduleAddress } from "../../codec/address.ts";
import { addCoins, type Money } from "../../runtime/coins.ts";
import { escrowAccount } from "./state.ts";
import type { Context } from "../../runtime/context.ts";
import type { ForwardPorts } from "./ports.ts";

export const escrowAddress = moduleAddress(escrowAccount);

const positive = (denom: string, amount: bigint): Money[] => (amount > 0n ? [{ denom, amount }] : []);

/** The one way by which a user's money comes in: an amount in the quote denom, and storage deposits in the bond denom. */
export function authorizeSpend(ctx: Context, ports: ForwardPorts, payer: string, denom: string, amount: bigint, deposit: bigint): void {
  const coins = addCoins(positive(denom, amount), positive(ports.providers.bondDenom(ctx), deposit));
  if (coins.length === 0) return;
  ports.bank.requireSendEnabled(ctx, positive(denom, amount));
  ports.bank.send(ctx, addressBytes(payer), ports.accounts.moduleAccount(ctx, escrowAccount), coins);
}

export function pay(ctx: Context, ports: ForwardPorts, to: string, denom: string, amount: bigint, deposit = 0n): void {
  const coins = addCoins(positive(denom, amount), positive(ports.providers.bondDenom(ctx), deposit));
  if (coins.length > 0) ports.bank.send(ctx, escrowAddress, addressBytes(to), coins);
}
