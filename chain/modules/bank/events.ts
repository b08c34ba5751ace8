/** The events of money that moves; explorers and wallets read balances out of them. */
import type { Context } from "../../runtime/context.ts";

/** All values are text: bech32 addresses and coins as `5stake,7token`. */
export const coinSpent = (ctx: Context, spender: string, amount: string): void => ctx.emit("coin_spent", [["spender", spender], ["amount", amount]]);
export const coinReceived = (ctx: Context, receiver: string, amount: string): void => ctx.emit("coin_received", [["receiver", receiver], ["amount", amount]]);
export const transfer = (ctx: Context, recipient: string, sender: string, amount: string): void =>
  ctx.emit("transfer", [["recipient", recipient], ["sender", sender], ["amount", amount]]);
export const messageSender = (ctx: Context, sender: string): void => ctx.emit("message", [["sender", sender]]);
export const coinbase = (ctx: Context, minter: string, amount: string): void => ctx.emit("coinbase", [["minter", minter], ["amount", amount]]);
export const burned = (ctx: Context, burner: string, amount: string): void => ctx.emit("burn", [["burner", burner], ["amount", amount]]);
