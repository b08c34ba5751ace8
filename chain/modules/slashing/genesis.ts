/** Genesis of slashing: what an SDK chain exports. Nobody's blocks are counted before the first commit. */
import { GenesisState } from "../../codec/gen/cosmos/slashing/v1beta1/genesis.ts";
import { addressBytes, prefixes } from "../../codec/address.ts";
import { isShowable } from "../../runtime/time-text.ts";
import { consensusText } from "./events.ts";
import { missedIndices, setMissed } from "./missed-blocks.ts";
import { defaultParams, longestWindow, paramsFault } from "./params.ts";
import { signingInfo } from "./signing-info.ts";
import { params, signers } from "./state.ts";
import type { Genesis } from "../../runtime/module.ts";

const consensusBytes = (text: string): Uint8Array => addressBytes(text, prefixes.consensus);

export const genesis: Genesis<GenesisState> = {
  type: GenesisState,
  defaults: () => ({ params: defaultParams(), signingInfos: [], missedBlocks: [] }),
  check,
  init(ctx, state) {
    params.set(ctx, state.params ?? defaultParams());
    for (const { address, validatorSigningInfo } of state.signingInfos) {
      const info = validatorSigningInfo!;
      signers.set(ctx, consensusBytes(address), { info: { ...info, address, jailedUntil: info.jailedUntil ?? { seconds: 0n, nanos: 0 } }, countedFrom: 0n });
    }
    for (const { address, missedBlocks } of state.missedBlocks) {
      const consensus = consensusBytes(address);
      for (const { index, missed } of missedBlocks) if (missed) setMissed(ctx, consensus, index, true);
    }
  },
  export: (ctx) => ({
    params: params.get(ctx),
    signingInfos: Array.from(signers.entries(ctx), ([consensus, signer]) => ({ address: consensusText(consensus), validatorSigningInfo: signingInfo(signer, ctx.height) })),
    missedBlocks: Array.from(signers.entries(ctx), ([consensus]) => ({ address: consensusText(consensus), missedBlocks: Array.from(missedIndices(ctx, consensus), (index) => ({ index, missed: true })) })),
  }),
};

function check(state: GenesisState): void {
  const fault = paramsFault(state.params ?? defaultParams());
  if (fault !== undefined) throw new Error(fault);
  const counters = new Map<string, bigint>();
  for (const { address, validatorSigningInfo: info } of state.signingInfos) {
    consensusBytes(address);
    if (counters.has(address)) throw new Error(`two signing infos of ${address}`);
    if (info === undefined) throw new Error(`${address} has no validator_signing_info`);
    if (info.address !== "" && info.address !== address) throw new Error(`the signing info of ${address} names ${info.address}`);
    if (info.startHeight < 0n || info.indexOffset < 0n || info.missedBlocksCounter < 0n) throw new Error(`the signing info of ${address} has a height or a count below 0`);
    if (info.jailedUntil !== undefined && !isShowable(info.jailedUntil)) throw new Error(`${address} is jailed until a time that is none`);
    counters.set(address, info.missedBlocksCounter);
  }
  const seen = new Set<string>();
  for (const { address, missedBlocks } of state.missedBlocks) {
    const counter = counters.get(address);
    if (counter === undefined) throw new Error(`missed blocks of ${address}, which has no signing info`);
    if (seen.has(address)) throw new Error(`missed blocks of ${address} stand twice in the section`);
    seen.add(address);
    const indices = new Set<bigint>();
    for (const { index, missed } of missedBlocks) {
      if (index < 0n || index >= longestWindow) throw new Error(`${address} missed block ${index}, which is in no window`);
      if (missed) indices.add(index);
    }
    // The SDK leaves missed blocks out that a window which has become shorter does not reach, and counts them all the same.
    if (BigInt(indices.size) > counter) throw new Error(`${address} has missed_blocks_counter ${counter}, but ${indices.size} missed blocks are listed`);
  }
}
