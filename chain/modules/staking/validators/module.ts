/** Validators and their self delegations, from genesis. */
import { MsgDefinition } from "../../../codec/gen/cosmos/staking/v1beta1/tx.ts";
import { defineModule, messageService, type Module } from "../../../runtime/module.ts";
import { errors } from "./errors.ts";
import { validatorsGenesis } from "./genesis.ts";
import { validatorInvariants } from "./invariants.ts";
import { genesisUpdates } from "./keeper.ts";
import { createValidator } from "./messages/create-validator.ts";
import { validatorQueries } from "./queries.ts";
import { byConsensusAddress, storeName, validators } from "./state.ts";
import type { OperatorsPort } from "./ports.ts";
import type { AccountsPort } from "../../auth/ports.ts";
import type { BankPort } from "../../bank/ports.ts";

export interface ValidatorsPorts {
  readonly bank: BankPort;
  readonly accounts: AccountsPort;
}

/** Its section and its queries are the SDK's `staking`. Of its messages genesis runs MsgCreateValidator; blocks run none yet. */
export function validatorsModule({ bank, accounts }: ValidatorsPorts): { readonly module: Module; readonly validators: OperatorsPort } {
  const genesisMessages = { fullName: MsgDefinition.fullName, methods: { createValidator: MsgDefinition.methods.createValidator } } as const;
  const module = defineModule({
    name: "staking",
    stores: [storeName],
    consensusVersion: 5,
    messages: messageService(genesisMessages, { createValidator: createValidator(bank) }),
    queries: validatorQueries(bank),
    genesis: validatorsGenesis(bank, accounts),
    validatorUpdates: (ctx) => (ctx.mode === "genesis" ? genesisUpdates(ctx, bank) : []),
    invariants: validatorInvariants(bank),
    errors,
  });
  return { module, validators: { byConsensusAddress: (ctx, address) => byConsensusAddress.find(ctx, address), isValidator: (ctx, operator) => validators.has(ctx, operator) } };
}
