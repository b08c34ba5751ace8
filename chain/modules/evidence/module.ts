/** Evidence of misbehavior, and its punishment: the SDK's `evidence`. */
import { MsgDefinition } from "../../codec/gen/cosmos/evidence/v1beta1/tx.ts";
import { defineModule, messageService, type Module } from "../../runtime/module.ts";
import { errors } from "./errors.ts";
import { genesisOf } from "./genesis.ts";
import { invariants } from "./invariants.ts";
import { submitEvidence } from "./messages/submit-evidence.ts";
import { handleMisbehavior, type EvidencePorts } from "./misbehavior.ts";
import { queries } from "./queries.ts";
import { storeName } from "./state.ts";

export function evidenceModule(ports: EvidencePorts): { readonly module: Module } {
  const module = defineModule({
    name: "evidence",
    stores: [storeName],
    consensusVersion: 1,
    messages: messageService(MsgDefinition, { submitEvidence }),
    queries,
    genesis: genesisOf(ports.slashing),
    beginBlock: (ctx, { misbehavior }) => handleMisbehavior(ports, ctx, misbehavior),
    invariants: invariants(ports.slashing),
    errors,
  });
  return { module };
}
