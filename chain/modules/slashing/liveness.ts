/** A block's beginning: who signed the block before it, and who has missed too many. */
import { toHex } from "../../codec/bytes.ts";
import { emitLiveness, emitSlash } from "./events.ts";
import { clearMissed, isMissed, setMissed } from "./missed-blocks.ts";
import { slashFractionDowntime, windowOf, type Window } from "./params.ts";
import { beginCounting, offsetBefore, signerOf, stopCounting } from "./signing-info.ts";
import { counted, countedTotal, params, signers, type Signer } from "./state.ts";
import { distributionHeight } from "./slashing-port.ts";
import { timestampOf, nanosOf } from "../../runtime/time-text.ts";
import { BlockIDFlag } from "../../codec/gen/tendermint/types/validator.ts";
import type { CommitInfo, VoteInfo } from "../../codec/gen/tendermint/abci/types.ts";
import type { Params } from "../../codec/gen/cosmos/slashing/v1beta1/slashing.ts";
import type { Context } from "../../runtime/context.ts";
import type { StakingPort } from "../staking/validators/ports.ts";

/** SLASHING-1: a vote counts where its validator is not jailed; whose votes do not come any more stops being counted. */
export function countVotes(staking: StakingPort, ctx: Context, commit: CommitInfo | undefined): void {
  const rules = params.get(ctx);
  const window = windowOf(rules);
  const before = countedTotal.find(ctx) ?? 0n;
  const counting: Uint8Array[] = [];
  let known = 0n;
  let punished = 0n;
  for (const vote of commit?.votes ?? []) {
    const consensus = vote.validator?.address ?? noAddress;
    if (!isCountable(staking, ctx, consensus)) continue;
    const found = signerOf(ctx, consensus);
    if (found.countedFrom > 0n) known++;
    counting.push(consensus);
    if (!count(staking, ctx, { vote, consensus, found, rules, window })) punished++;
  }
  if (known < before) stopOthers(ctx, counting);
  const after = BigInt(counting.length) - punished;
  if (after !== before) countedTotal.set(ctx, after);
}

const noAddress = new Uint8Array(0);

function isCountable(staking: StakingPort, ctx: Context, consensus: Uint8Array): boolean {
  const operator = staking.byConsensusAddress(ctx, consensus);
  return operator !== undefined && staking.find(ctx, operator)?.jailed === false;
}

interface Counting {
  readonly vote: VoteInfo;
  readonly consensus: Uint8Array;
  readonly found: Signer;
  readonly rules: Params;
  readonly window: Window;
}

/** SLASHING-2: writes only where a bit of the window turns. False where the validator is jailed now. */
function count(staking: StakingPort, ctx: Context, { vote, consensus, found, rules, window }: Counting): boolean {
  const signer = found.countedFrom > 0n ? found : beginCounting(ctx, consensus, found);
  const index = offsetBefore(signer, ctx.height) % window.blocks;
  const missed = vote.blockIdFlag === BlockIDFlag.BLOCK_ID_FLAG_ABSENT;
  let { missedBlocksCounter } = signer.info;
  // Without missed blocks no bit is set.
  const before = missedBlocksCounter > 0n && isMissed(ctx, consensus, index);
  if (missed !== before) {
    setMissed(ctx, consensus, index, missed);
    missedBlocksCounter += missed ? 1n : -1n;
  }
  const now: Signer = missed === before ? signer : { ...signer, info: { ...signer.info, missedBlocksCounter } };
  if (now !== found) signers.set(ctx, consensus, now);
  if (missed) emitLiveness(ctx, consensus, missedBlocksCounter);
  if (ctx.height <= signer.info.startHeight + window.blocks || missedBlocksCounter <= window.mayMiss) return true;
  return !ctx.isolate(`downtime of ${signer.info.address}`, (inner) => punish(staking, inner, { consensus, signer: now, power: vote.validator!.power, rules }));
}

interface Downtime {
  readonly consensus: Uint8Array;
  readonly signer: Signer;
  readonly power: bigint;
  readonly rules: Params;
}

/** SLASHING-3: slashed and jailed; the window begins anew, so that the validator is not punished again as soon as it is back. */
function punish(staking: StakingPort, ctx: Context, { consensus, signer, power, rules }: Downtime): void {
  const burned = staking.slash(ctx, consensus, distributionHeight(ctx.height - 1n), power, slashFractionDowntime(rules));
  emitSlash(ctx, consensus, { power, reason: "missing_signature", burned, jailed: true });
  staking.jail(ctx, consensus);
  clearMissed(ctx, consensus);
  const jailedUntil = timestampOf(ctx.header.timeNanos + nanosOf(rules.downtimeJailDuration!));
  counted.remove(ctx, consensus);
  signers.set(ctx, consensus, { info: { ...signer.info, jailedUntil, missedBlocksCounter: 0n, indexOffset: 0n }, countedFrom: 0n });
}

/** Who left the set or is jailed: only then is the index walked through. */
function stopOthers(ctx: Context, counting: readonly Uint8Array[]): void {
  const stay = new Set(counting.map(toHex));
  const gone = Array.from(counted.entries(ctx), ([consensus]) => consensus).filter((consensus) => !stay.has(toHex(consensus)));
  for (const consensus of gone) stopCounting(ctx, consensus, signers.find(ctx, consensus)!);
}
