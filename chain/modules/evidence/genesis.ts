/** Genesis of evidence: what was punished on the chain that was exported. */
import { GenesisState } from "../../codec/gen/cosmos/evidence/v1beta1/genesis.ts";
import { addressBytes, prefixes } from "../../codec/address.ts";
import { fieldsFault, fromAny, hashOf, hashText, toAny } from "./equivocation.ts";
import { equivocations } from "./state.ts";
import type { Genesis } from "../../runtime/module.ts";
import type { SlashingPort } from "../slashing/ports.ts";

export const genesisOf = (slashing: SlashingPort): Genesis<GenesisState> => ({
  type: GenesisState,
  defaults: () => ({ evidence: [] }),
  check({ evidence }) {
    const seen = new Set<string>();
    for (const any of evidence) {
      const one = fromAny(any);
      if (one === undefined) throw new Error(`expected evidence, not ${any.typeUrl.slice(0, 200)}`);
      const fault = fieldsFault(one);
      if (fault !== undefined) throw new Error(fault);
      addressBytes(one.consensusAddress, prefixes.consensus);
      if (seen.has(hashText(one))) throw new Error(`evidence with hash ${hashText(one)} already exists`);
      seen.add(hashText(one));
    }
  },
  init(ctx, { evidence }) {
    for (const any of evidence) {
      const one = fromAny(any)!;
      if (!slashing.isTombstoned(ctx, addressBytes(one.consensusAddress, prefixes.consensus))) throw new Error(`evidence against ${one.consensusAddress}, which section slashing does not have as tombstoned`);
      equivocations.set(ctx, hashOf(one), one);
    }
  },
  export: (ctx) => ({ evidence: Array.from(equivocations.entries(ctx), ([, one]) => toAny(one)) }),
});
