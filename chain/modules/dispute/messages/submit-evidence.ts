/** MsgSubmitEvidence: a party adds the hash and the address of something, before a round's jury is drawn. */
import type { MsgSubmitEvidence, MsgSubmitEvidenceResponse } from "../../../codec/gen/dcm/dispute/v1/tx.ts";
import { CaseState } from "../../../codec/gen/dcm/dispute/v1/types.ts";
import { fail } from "../../../runtime/errors.ts";
import { arbitraryCase } from "../arbitrary.ts";
import { loadCase, saveCase } from "../cases.ts";
import { canonical, checkEvidence } from "../checks.ts";
import { errors } from "../errors.ts";
import { addEvidence } from "../evidence.ts";
import { partiesOf, sideOf } from "../machine.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { DisputePorts } from "../ports.ts";

export function submitEvidence(ports: DisputePorts): MessageHandler<MsgSubmitEvidence, MsgSubmitEvidenceResponse> {
  return {
    signers: (message) => [message.party],

    check(message) {
      canonical(message.party, "party");
      checkEvidence(message.hash, message.url);
    },

    execute(ctx, message) {
      const party = canonical(message.party, "party");
      const one = loadCase(ctx, ports, message.caseId, CaseState.CASE_STATE_EVIDENCE, "evidence counts before a jury is drawn");
      if (sideOf(one, party) === undefined) fail(errors.notParty, { id: one.id, signer: party });
      const { after, deposit } = addEvidence(ctx, ports, one, party, message);
      saveCase(ctx, one, after);
      return { number: after.evidence, storageDeposit: String(deposit) };
    },

    arbitrary(world) {
      const { accounts, random } = world;
      const one = arbitraryCase(world, CaseState.CASE_STATE_EVIDENCE);
      const parties = one === undefined ? [] : partiesOf(one).filter((party) => accounts.includes(party));
      if (one === undefined || parties.length === 0) return undefined;
      return { party: random.chance(90) ? random.pick(parties) : random.pick(accounts), caseId: one.id, hash: new Uint8Array(random.chance(95) ? 32 : 31), url: random.pick(["", "https://evidence.example/log"]) };
    },
  };
}
