/** A block's beginning: what CometBFT found out about validators, and what becomes of them. */
import { addressText, prefixes } from "../../codec/address.ts";
import { MisbehaviorType, type Misbehavior } from "../../codec/gen/tendermint/abci/types.ts";
import { BondStatus } from "../../codec/gen/cosmos/staking/v1beta1/staking.ts";
import { nanosOf } from "../../runtime/time-text.ts";
import { hashOf } from "./equivocation.ts";
import { equivocations } from "./state.ts";
import type { Equivocation } from "../../codec/gen/cosmos/evidence/v1beta1/evidence.ts";
import type { Context } from "../../runtime/context.ts";
import type { ConsensusParamsPort } from "../consensus/ports.ts";
import type { SlashingPort } from "../slashing/ports.ts";
import type { StakingPort } from "../staking/validators/ports.ts";

export interface EvidencePorts {
  readonly validators: StakingPort;
  readonly slashing: SlashingPort;
  readonly consensusParams: ConsensusParamsPort;
}

/** Votes for two blocks of a height, and attacks on light clients, which are punished alike. */
const punished: readonly MisbehaviorType[] = [MisbehaviorType.DUPLICATE_VOTE, MisbehaviorType.LIGHT_CLIENT_ATTACK];

/** A tombstoned validator stays jailed until then: 9999-12-31T23:59:59Z. */
const endOfTime = 253_402_300_799n * 1_000_000_000n;

export function handleMisbehavior(ports: EvidencePorts, ctx: Context, found: readonly Misbehavior[]): void {
  for (const one of found) {
    if (!punished.includes(one.type) || one.validator === undefined) continue;
    const { address, power } = one.validator;
    const evidence: Equivocation = { height: one.height, time: one.time, power, consensusAddress: addressText(address, prefixes.consensus) };
    ctx.isolate(`equivocation of ${evidence.consensusAddress}`, (inner) => handle(ports, inner, address, evidence));
  }
}

/** EVIDENCE-1: slashed, jailed for good, tombstoned; once, however often it signed twice. */
function handle({ validators, slashing, consensusParams }: EvidencePorts, ctx: Context, consensus: Uint8Array, evidence: Equivocation): void {
  if (isTooOld(consensusParams, ctx, evidence)) return;
  const operator = validators.byConsensusAddress(ctx, consensus);
  const validator = operator === undefined ? undefined : validators.find(ctx, operator);
  // Its stake has been paid out: nothing answers for it any more.
  if (validator === undefined || validator.status === BondStatus.BOND_STATUS_UNBONDED) return;
  if (slashing.isTombstoned(ctx, consensus)) return;
  slashing.slash(ctx, consensus, slashing.slashFractionDoubleSign(ctx), evidence.power, evidence.height);
  if (!validator.jailed) slashing.jail(ctx, consensus);
  slashing.jailUntil(ctx, consensus, endOfTime);
  slashing.tombstone(ctx, consensus);
  equivocations.set(ctx, hashOf(evidence), evidence);
}

/** EVIDENCE-2: only where it is older in time and in blocks. */
function isTooOld(consensusParams: ConsensusParamsPort, ctx: Context, { height, time }: Equivocation): boolean {
  const limits = consensusParams.evidence(ctx);
  if (limits?.maxAgeDuration === undefined || time === undefined) return false;
  return ctx.header.timeNanos - nanosOf(time) > nanosOf(limits.maxAgeDuration) && ctx.height - height > limits.maxAgeNumBlocks;
}
