/** Auditors: accounts with a bond that governance accredits, and what they attest of providers, attribute by attribute. */
import { MsgDefinition } from "../../../codec/gen/dcm/auditor/v1/tx.ts";
import { defineModule, messageService, type Module } from "../../../runtime/module.ts";
import { voidEdited, voidLeft } from "./attestations.ts";
import { errors } from "./errors.ts";
import { auditorsGenesis } from "./genesis.ts";
import { auditorsInvariants } from "./invariants.ts";
import { Keeper, type AuditorPorts } from "./keeper.ts";
import { attest } from "./messages/attest.ts";
import { bondAuditor } from "./messages/bond-auditor.ts";
import { editAuditor } from "./messages/edit-auditor.ts";
import { registerAuditor } from "./messages/register-auditor.ts";
import { retireAuditor } from "./messages/retire-auditor.ts";
import { revokeAttestation } from "./messages/revoke-attestation.ts";
import { setAccreditation } from "./messages/set-accreditation.ts";
import { slashAuditor } from "./messages/slash-auditor.ts";
import { unbondAuditor } from "./messages/unbond-auditor.ts";
import { updateParams } from "./messages/update-params.ts";
import { attestationsPort } from "./port.ts";
import type { AttestationsPort } from "./ports.ts";
import { auditorQueries } from "./queries.ts";
import { storeName } from "./state.ts";
import { sweepAccreditations, sweepEnded, sweepExpired, sweepLeft, sweepNotices, sweepUnbondings } from "./sweeps.ts";

/** The clock and the providers must come before this module in begin-block order, whoever asks for attestations behind it. */
export function auditorsModule(ports: AuditorPorts): { module: Module; attestations: AttestationsPort } {
  const keeper = new Keeper(ports);
  ports.providers.onEdit((ctx, provider, keys) => (keys === "all" ? voidLeft(ctx, provider) : voidEdited(ctx, keeper, provider, keys)));
  const module = defineModule({
    name: "auditors",
    stores: [storeName],
    consensusVersion: 1,
    messages: messageService(MsgDefinition, {
      registerAuditor: registerAuditor(keeper), editAuditor: editAuditor(keeper), bondAuditor: bondAuditor(keeper), unbondAuditor: unbondAuditor(keeper), retireAuditor: retireAuditor(keeper),
      setAccreditation: setAccreditation(keeper), attest: attest(keeper), revokeAttestation: revokeAttestation(keeper), slashAuditor: slashAuditor(keeper), updateParams: updateParams(keeper),
    }),
    queries: auditorQueries(keeper),
    genesis: auditorsGenesis(keeper),
    beginBlock(ctx) {
      for (const sweep of [sweepUnbondings, sweepAccreditations, sweepExpired, sweepLeft, sweepEnded, sweepNotices]) sweep(ctx, keeper);
    },
    invariants: auditorsInvariants(keeper),
    errors,
  });
  return { module, attestations: attestationsPort(keeper) };
}
