/** Balances and supply of all coins. */
import { MsgDefinition } from "../../codec/gen/cosmos/bank/v1beta1/tx.ts";
import { defineModule, messageService, type Module } from "../../runtime/module.ts";
import { errors } from "./errors.ts";
import { bankGenesis } from "./genesis.ts";
import { invariants } from "./invariants.ts";
import { createBank, type BankSettings } from "./keeper.ts";
import { multiSend } from "./messages/multi-send.ts";
import { send } from "./messages/send.ts";
import { setSendEnabled } from "./messages/set-send-enabled.ts";
import { updateParams } from "./messages/update-params.ts";
import { bankQueries } from "./queries.ts";
import { storeName } from "./state.ts";
import type { BankPort, MeterPort } from "./ports.ts";

export function bankModule(settings: BankSettings): { readonly module: Module; readonly bank: BankPort; readonly meter: MeterPort } {
  const bank = createBank(settings);
  const module = defineModule({
    name: "bank",
    stores: [storeName],
    consensusVersion: 4,
    messages: messageService(MsgDefinition, { send: send(bank), multiSend: multiSend(bank), updateParams, setSendEnabled }),
    queries: bankQueries(bank, settings.accounts),
    genesis: bankGenesis,
    invariants,
    errors,
  });
  return { module, bank, meter: bank };
}
