import { GenesisState } from "../../codec/gen/dcm/beacon/v1/genesis.ts";
import type { BeaconKey, Seed } from "../../codec/gen/dcm/beacon/v1/types.ts";
import { isBlsPublicKey } from "../../codec/bls.ts";
import { assert } from "../../runtime/errors.ts";
import type { Genesis } from "../../runtime/module.ts";
import { operatorBytes } from "./addresses.ts";
import { defaultParams, paramsFault } from "./params.ts";
import { seedOfGenesis } from "./seeds.ts";
import { keys, latest, params, seeds } from "./state.ts";

export const genesis: Genesis<GenesisState> = {
  type: GenesisState,
  defaults: () => ({ params: defaultParams(), keys: [], latest: undefined, seeds: [] }),

  check(state) {
    const fault = paramsFault(state.params);
    assert(fault === undefined, `beacon.params: ${fault ?? ""}`);
    const operators = new Set<string>();
    for (const key of state.keys) {
      checkKey(key);
      assert(!operators.has(key.validatorAddress), `beacon.keys: ${key.validatorAddress} stands twice`);
      operators.add(key.validatorAddress);
    }
    if (state.latest !== undefined) checkSeed(state.latest, "beacon.latest");
    let last = 0n;
    for (const seed of state.seeds) {
      checkSeed(seed, "beacon.seeds");
      assert(seed.height > last, "beacon.seeds: heights rise from 1");
      last = seed.height;
    }
    assert(last <= (state.latest?.height ?? 0n), "beacon.seeds: no seed is later than beacon.latest");
  },

  init(ctx, state) {
    const newest = state.seeds.at(-1)?.height ?? 0n;
    assert(newest <= ctx.height, `beacon.seeds reach up to height ${newest}: the chain's initial height must be above it, not ${ctx.height + 1n}`);
    params.set(ctx, state.params!);
    for (const key of state.keys) keys.set(ctx, operatorBytes(key.validatorAddress), key);
    for (const { height, seed } of state.seeds) seeds.set(ctx, height, seed);
    const seed = state.latest?.seed ?? seedOfGenesis(ctx.header.chainId, ctx.header.timeNanos, GenesisState.encode(state).finish());
    // Whatever height a chain begins at, its first block builds on this seed.
    latest.set(ctx, { height: ctx.height, seed });
  },

  export: (ctx) => ({
    params: params.get(ctx),
    keys: [...keys.entries(ctx)].map(([, key]) => key),
    latest: latest.get(ctx),
    seeds: [...seeds.entries(ctx)].map(([height, seed]) => ({ height, seed })),
  }),
};

function checkKey(key: BeaconKey): void {
  const where = `beacon.keys: ${key.validatorAddress}`;
  operatorBytes(key.validatorAddress);
  assert(key.publicKey.length > 0 || key.nextPublicKey.length > 0, `${where} has no key`);
  for (const bytes of [key.publicKey, key.nextPublicKey]) assert(bytes.length === 0 || isBlsPublicKey(bytes), `${where}: not a BLS public key`);
  assert(key.nextActiveHeight >= 0n && (key.nextPublicKey.length > 0 || key.nextActiveHeight === 0n), `${where}: next_active_height belongs to next_public_key`);
}

function checkSeed({ height, seed }: Seed, where: string): void {
  assert(height >= 0n && seed.length === 32, `${where}: a seed is 32 bytes of a height from 0`);
}
