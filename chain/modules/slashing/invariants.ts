/** What must hold of signing infos at every height. */
import { missedIndices } from "./missed-blocks.ts";
import { counted, countedTotal, missedChunks, signers } from "./state.ts";
import { consensusText } from "./events.ts";
import type { Context } from "../../runtime/context.ts";
import type { StakingPort } from "../staking/validators/ports.ts";

export function invariants(staking: StakingPort): Record<string, (ctx: Context) => string | undefined> {
  return {
    "missed-blocks": missedBlocks,
    "counted": countedSigners,
    "tombstones": (ctx) => tombstones(staking, ctx),
  };
}

/** SLASHING-4: no more bits are set than the counter says; a chunk ends with a missed block and belongs to a signer. */
function missedBlocks(ctx: Context): string | undefined {
  for (const [[consensus], bits] of missedChunks.entries(ctx)) {
    if (!signers.has(ctx, consensus)) return `missed blocks of ${consensusText(consensus)}, which has no signing info`;
    if (bits.length === 0 || bits.at(-1) === 0) return `a chunk of ${consensusText(consensus)} ends with blocks that were signed`;
  }
  for (const [consensus, { info }] of signers.entries(ctx)) {
    const bits = [...missedIndices(ctx, consensus)].length;
    if (BigInt(bits) > info.missedBlocksCounter) return `${info.address} counts ${info.missedBlocksCounter} missed blocks, ${bits} are noted`;
  }
  return undefined;
}

/** SLASHING-1: the index has who is counted, and their number. */
function countedSigners(ctx: Context): string | undefined {
  let total = 0n;
  for (const [consensus, { info, countedFrom }] of signers.entries(ctx)) {
    if (countedFrom > ctx.height) return `${info.address} is counted from height ${countedFrom}, which is to come`;
    if (countedFrom > 0n !== counted.has(ctx, consensus)) return `${info.address} is ${countedFrom > 0n ? "counted, but not in the index" : "in the index, but not counted"}`;
    if (countedFrom > 0n) total++;
  }
  const indexed = BigInt([...counted.entries(ctx)].length);
  const said = countedTotal.find(ctx) ?? 0n;
  return indexed === total && said === total ? undefined : `${total} signers are counted, ${indexed} are in the index, ${said} are said to be`;
}

/** SLASHING-6: a tombstoned key signs for nobody who is not jailed. */
function tombstones(staking: StakingPort, ctx: Context): string | undefined {
  for (const [consensus, { info }] of signers.entries(ctx)) {
    const operator = info.tombstoned ? staking.byConsensusAddress(ctx, consensus) : undefined;
    if (operator !== undefined && staking.find(ctx, operator)?.jailed !== true) return `${info.address} is tombstoned, its validator is not jailed`;
  }
  return undefined;
}
