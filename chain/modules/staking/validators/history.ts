/**
 * Who signed at which height, for the last `historicalEntries` blocks. A block adds the validators that changed, not the whole set: the set
 * at a height is the newest record of each validator up to it.
 */
import { Validator } from "../../../codec/gen/cosmos/staking/v1beta1/staking.ts";
import { Header } from "../../../codec/gen/tendermint/types/types.ts";
import { compareBytes, concatBytes, prefixEnd } from "../../../codec/bytes.ts";
import { bytesKey, uint64Key } from "../../../runtime/collections.ts";
import { consensusAddress, isBonded, powerOf } from "./keeper.ts";
import { timestampOf } from "./params.ts";
import { historyHeaders, historyRecords, historySuperseded, params, touched, validators } from "./state.ts";
import type { HistoricalInfo } from "../../../codec/gen/cosmos/staking/v1beta1/staking.ts";
import type { Context } from "../../../runtime/context.ts";

/** Removals of one block beside as many as it adds. */
const maxPruned = 500;

/** At a block's beginning: its header is kept, and what is older than the kept blocks goes. */
export function keepHeader(ctx: Context): void {
  const { historicalEntries } = params.get(ctx);
  const { chainId, height, timeNanos, proposer, appHash } = ctx.header;
  if (historicalEntries > 0) historyHeaders.set(ctx, height, Header.fromPartial({ chainId, height, time: timestampOf(timeNanos), proposerAddress: proposer, ...(appHash === undefined ? {} : { appHash }) }));
  const floor = height - BigInt(historicalEntries) + 1n;
  if (floor <= 0n) return;
  for (const old of firstKeys(historyHeaders.entries(ctx, { to: uint64Key.encode(floor) }))) historyHeaders.remove(ctx, old);
  for (const key of firstKeys(historySuperseded.entries(ctx, { to: uint64Key.encode(floor + 1n) }))) {
    historySuperseded.remove(ctx, key);
    historyRecords.remove(ctx, [key[1], key[2]]);
  }
}

function firstKeys<K>(entries: IterableIterator<readonly [K, unknown]>): K[] {
  const out: K[] = [];
  for (const [key] of entries) {
    out.push(key);
    if (out.length === maxPruned) break;
  }
  return out;
}

/** A validator outside of the set. */
const outside = Validator.fromPartial({});
const isOutside = ({ operatorAddress }: Validator): boolean => operatorAddress === "";

/** At a block's end: how the validators that changed begin the next one. */
export function recordTouched(ctx: Context): void {
  const height = ctx.height + 1n;
  for (const [operator] of [...touched.entries(ctx)]) {
    touched.remove(ctx, operator);
    const validator = validators.find(ctx, operator);
    const now = validator !== undefined && isBonded(validator) ? validator : outside;
    const [before] = historyRecords.first(ctx, { within: bytesKey.encode(operator), reverse: true }) ?? [];
    if (before === undefined && isOutside(now)) continue;
    if (before !== undefined) historySuperseded.set(ctx, [height, operator, before[1]], true);
    historyRecords.set(ctx, [operator, height], now);
    // Who is outside at the oldest kept height needs no record of it.
    if (isOutside(now)) historySuperseded.set(ctx, [height, operator, height], true);
  }
}

/** Undefined where the height is not kept. Strongest first, then by consensus address, as the SDK. */
export function historyAt(ctx: Context, height: bigint): HistoricalInfo | undefined {
  const header = height < 0n ? undefined : historyHeaders.find(ctx, height);
  if (header === undefined) return undefined;
  const valset: { validator: Validator; address: Uint8Array }[] = [];
  for (let next = historyRecords.first(ctx); next !== undefined;) {
    const within = bytesKey.encode(next[0][0]);
    const [, validator] = historyRecords.first(ctx, { within, to: concatBytes(within, uint64Key.encode(height + 1n)), reverse: true }) ?? [];
    if (validator !== undefined && !isOutside(validator)) valset.push({ validator, address: consensusAddress(validator) });
    next = historyRecords.first(ctx, { from: prefixEnd(within)! });
  }
  const order = (a: (typeof valset)[number], b: (typeof valset)[number]): number => {
    const [x, y] = [powerOf(a.validator), powerOf(b.validator)];
    return x === y ? compareBytes(a.address, b.address) : x > y ? -1 : 1;
  };
  return { header, valset: valset.sort(order).map(({ validator }) => validator) };
}
