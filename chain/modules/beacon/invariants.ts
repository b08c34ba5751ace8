import type { Context } from "../../runtime/context.ts";
import { equalBytes } from "../../codec/bytes.ts";
import { operatorBytes } from "./addresses.ts";
import { keys, latest, seeds } from "./state.ts";

export const invariants: Readonly<Record<string, (ctx: Context) => string | undefined>> = {
  "latest-seed"(ctx) {
    const { height, seed } = latest.get(ctx);
    if (height > ctx.height) return `a seed of height ${height} stands at height ${ctx.height}`;
    const newest = seeds.first(ctx, { reverse: true });
    if (newest !== undefined && (newest[0] > height || (newest[0] === height && !equalBytes(newest[1], seed)))) return `the newest kept seed (height ${newest[0]}) is not the latest one (height ${height})`;
    return undefined;
  },
  "keys-by-operator"(ctx) {
    for (const [operator, record] of keys.entries(ctx)) {
      if (!equalBytes(operatorBytes(record.validatorAddress), operator)) return `the key of ${record.validatorAddress} stands under another operator`;
      if (record.publicKey.length === 0 && record.nextPublicKey.length === 0) return `${record.validatorAddress} has a record without a key`;
    }
    return undefined;
  },
};
