/** Upgrades at a height that governance sets: the plan, what was applied, and the rule by which a build goes on, migrates or stops. */
import { MsgDefinition } from "../../codec/gen/cosmos/upgrade/v1beta1/tx.ts";
import { defineModule, messageService, type Module } from "../../runtime/module.ts";
import { cancelUpgrade } from "./messages/cancel-upgrade.ts";
import { softwareUpgrade } from "./messages/software-upgrade.ts";
import { errors } from "./errors.ts";
import { queries } from "./queries.ts";
import { upgradeRule } from "./rule.ts";
import { storeName } from "./state.ts";

export function upgradeModule({ authority }: { readonly authority: string }): { readonly module: Module; readonly upgradeRule: typeof upgradeRule } {
  const module = defineModule({
    name: "upgrade",
    stores: [storeName],
    consensusVersion: 1,
    messages: messageService(MsgDefinition, { softwareUpgrade: softwareUpgrade(authority), cancelUpgrade: cancelUpgrade(authority) }),
    queries: queries(authority),
    errors,
  });
  return { module, upgradeRule };
}
