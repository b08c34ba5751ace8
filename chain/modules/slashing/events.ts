/** The SDK's events of slashing. Consensus addresses are raw bytes, shown as `dcmvalcons1...`. */
import { addressText, prefixes } from "../../codec/address.ts";
import type { Context } from "../../runtime/context.ts";

export const consensusText = (address: Uint8Array): string => addressText(address, prefixes.consensus);

export function emitLiveness(ctx: Context, consensus: Uint8Array, missed: bigint): void {
  ctx.emit("liveness", [["address", consensusText(consensus)], ["missed_blocks", missed.toString()], ["height", ctx.height.toString()]]);
}

export interface SlashFacts {
  readonly power: bigint;
  readonly reason: "missing_signature" | "double_sign";
  readonly burned: bigint;
  /** Whether the same event says that the validator is jailed. */
  readonly jailed: boolean;
}

export function emitSlash(ctx: Context, consensus: Uint8Array, { power, reason, burned, jailed }: SlashFacts): void {
  const address = consensusText(consensus);
  ctx.emit("slash", [["address", address], ["power", power.toString()], ["reason", reason], ...(jailed ? [["jailed", address] as const] : []), ["burned_coins", burned.toString()]]);
}

export function emitJailed(ctx: Context, consensus: Uint8Array): void {
  ctx.emit("slash", [["jailed", consensusText(consensus)]]);
}
