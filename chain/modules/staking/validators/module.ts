/** Validators, delegations and the set that signs blocks: the SDK's `staking`. */
import { MsgDefinition } from "../../../codec/gen/cosmos/staking/v1beta1/tx.ts";
import { defineModule, messageService, type Module } from "../../../runtime/module.ts";
import { errors } from "./errors.ts";
import { validatorsGenesis } from "./genesis.ts";
import { keepHeader, recordTouched } from "./history.ts";
import { joinHooks } from "./hooks.ts";
import { validatorInvariants } from "./invariants.ts";
import { completeMature } from "./maturity.ts";
import { beginRedelegate } from "./messages/begin-redelegate.ts";
import { cancelUnbondingDelegation } from "./messages/cancel-unbonding-delegation.ts";
import { createValidator } from "./messages/create-validator.ts";
import { delegate } from "./messages/delegate.ts";
import { editValidator } from "./messages/edit-validator.ts";
import { undelegate } from "./messages/undelegate.ts";
import { updateParams } from "./messages/update-params.ts";
import { validatorQueries } from "./queries.ts";
import { stakingPort } from "./staking-port.ts";
import { lastPowers, storeName } from "./state.ts";
import { applySetChanges, importedSet } from "./validator-set.ts";
import type { Keeper } from "./keeper.ts";
import type { ValidatorUpdate } from "../../../codec/gen/tendermint/abci/types.ts";
import type { StakingHooks, StakingPort } from "./ports.ts";
import type { AccountsPort } from "../../auth/ports.ts";
import type { BankPort } from "../../bank/ports.ts";

export interface ValidatorsPorts {
  readonly bank: BankPort;
  readonly accounts: AccountsPort;
  /** Called in this order; may be filled after this call, before the chain starts. */
  readonly hooks?: readonly StakingHooks[];
}

/** Its section, store and codespace are the SDK's `staking`. */
export function validatorsModule({ bank, accounts, hooks = [] }: ValidatorsPorts): { readonly module: Module; readonly validators: StakingPort } {
  const keeper: Keeper = { bank, hooks: joinHooks(hooks) };
  const module = defineModule({
    name: "staking",
    stores: [storeName],
    consensusVersion: 5,
    messages: messageService(MsgDefinition, {
      createValidator: createValidator(keeper),
      editValidator: editValidator(keeper),
      delegate: delegate(keeper),
      beginRedelegate: beginRedelegate(keeper),
      undelegate: undelegate(keeper),
      cancelUnbondingDelegation: cancelUnbondingDelegation(keeper),
      updateParams,
    }),
    queries: validatorQueries(bank),
    genesis: validatorsGenesis(keeper, accounts),
    beginBlock: keepHeader,
    validatorUpdates(ctx) {
      let updates: ValidatorUpdate[] = [];
      if (ctx.mode === "genesis") updates = lastPowers.first(ctx) === undefined ? applySetChanges(keeper, ctx) : importedSet(ctx);
      else {
        // Where it throws, the set stays and the next block tries again; what is mature is completed all the same.
        ctx.isolate("changes of the set of validators", (inner) => (updates = applySetChanges(keeper, inner)));
        completeMature(keeper, ctx);
      }
      recordTouched(ctx);
      return updates;
    },
    invariants: validatorInvariants(bank),
    errors,
  });
  return { module, validators: stakingPort(keeper) };
}
