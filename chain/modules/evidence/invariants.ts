/** What must hold of evidence at every height. */
import { addressBytes, prefixes } from "../../codec/address.ts";
import { equalBytes } from "../../codec/bytes.ts";
import { hashOf } from "./equivocation.ts";
import { equivocations } from "./state.ts";
import type { Context } from "../../runtime/context.ts";
import type { SlashingPort } from "../slashing/ports.ts";

export function invariants(slashing: SlashingPort): Record<string, (ctx: Context) => string | undefined> {
  return { punished: (ctx) => punished(slashing, ctx) };
}

/** EVIDENCE-1: what is kept stands under its hash, and its validator is tombstoned. */
function punished(slashing: SlashingPort, ctx: Context): string | undefined {
  for (const [hash, evidence] of equivocations.entries(ctx)) {
    if (!equalBytes(hash, hashOf(evidence))) return `evidence against ${evidence.consensusAddress} stands under another hash`;
    if (!slashing.isTombstoned(ctx, addressBytes(evidence.consensusAddress, prefixes.consensus))) return `${evidence.consensusAddress} signed twice and is not tombstoned`;
  }
  return undefined;
}
