/** Messages that make vesting accounts. The accounts are auth's; what they lock is taken off by bank. */
import { MsgDefinition } from "../../codec/gen/cosmos/vesting/v1beta1/tx.ts";
import { defineModule, messageService, type Module } from "../../runtime/module.ts";
import { createPeriodicVestingAccount } from "./messages/create-periodic-vesting-account.ts";
import { createPermanentLockedAccount } from "./messages/create-permanent-locked-account.ts";
import { createVestingAccount } from "./messages/create-vesting-account.ts";
import type { VestingPorts } from "./messages/shared.ts";

export function vestingModule(ports: VestingPorts): { readonly module: Module } {
  const module = defineModule({
    name: "vesting",
    stores: [],
    consensusVersion: 1,
    messages: messageService(MsgDefinition, {
      createVestingAccount: createVestingAccount(ports),
      createPermanentLockedAccount: createPermanentLockedAccount(ports),
      createPeriodicVestingAccount: createPeriodicVestingAccount(ports),
    }),
    queries: [],
  });
  return { module };
}
