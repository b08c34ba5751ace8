/** What must hold of validators at every height. */
import { Dec } from "../../../math/dec.ts";
import { poolFault } from "./genesis.ts";
import { operatorBytes, powerOf } from "./keeper.ts";
import { byPower, delegations, delegatorsOf, validators } from "./state.ts";
import { bytesKey } from "../../../runtime/collections.ts";
import type { Context } from "../../../runtime/context.ts";
import type { BankPort } from "../../bank/ports.ts";

export function validatorInvariants(bank: BankPort): Record<string, (ctx: Context) => string | undefined> {
  return {
    "pools-hold-stakes": (ctx) => poolFault(ctx, bank),
    /** STAKING-2: a validator's shares are those of its delegations. */
    "shares-sum"(ctx) {
      for (const [operator, validator] of validators.entries(ctx)) {
        let sum = Dec.zero;
        for (const [[, delegator]] of delegatorsOf.entries(ctx, { within: bytesKey.encode(operator) })) {
          sum = sum.add(Dec.fromProto(delegations.find(ctx, [delegator, operator])?.shares ?? "0"));
        }
        if (!sum.eq(Dec.fromProto(validator.delegatorShares))) return `${validator.operatorAddress} has ${Dec.fromProto(validator.delegatorShares).toString()} shares, its delegations ${sum.toString()}`;
      }
      return undefined;
    },
    /** STAKING-4: the power index has each validator that is not jailed, once, at its power. */
    "power-index"(ctx) {
      let expected = 0;
      for (const [, validator] of validators.entries(ctx)) {
        if (validator.jailed) continue;
        expected++;
        if (!byPower.has(ctx, [powerOf(validator), operatorBytes(validator.operatorAddress)])) return `${validator.operatorAddress} is not in the power index at ${powerOf(validator)}`;
      }
      const indexed = [...byPower.entries(ctx)].length;
      return indexed === expected ? undefined : `${indexed} entries in the power index for ${expected} validators`;
    },
  };
}
