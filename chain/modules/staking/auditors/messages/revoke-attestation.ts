/** MsgRevokeAttestation: an attestation is taken back, by its auditor or by governance. */
import type { MsgRevokeAttestation, MsgRevokeAttestationResponse } from "../../../../codec/gen/dcm/auditor/v1/tx.ts";
import { addressText } from "../../../../codec/address.ts";
import { readAddress } from "../../../../runtime/addresses.ts";
import { fail } from "../../../../runtime/errors.ts";
import type { MessageHandler } from "../../../../runtime/module.ts";
import { isAttributeKey } from "../../../../runtime/text.ts";
import { end, reasonAgainst } from "../attestations.ts";
import { auditorOf, checkReason } from "../checks.ts";
import { errors } from "../errors.ts";
import type { Keeper } from "../keeper.ts";
import { attestations } from "../state.ts";

export function revokeAttestation(keeper: Keeper): MessageHandler<MsgRevokeAttestation, MsgRevokeAttestationResponse> {
  const senderOf = (message: MsgRevokeAttestation): string => addressText(readAddress(message.sender, "sender"));
  return {
    signers: (message) => [senderOf(message)],

    check(message) {
      const sender = senderOf(message);
      const auditor = addressText(auditorOf(message));
      if (sender !== auditor && sender !== keeper.ports.authority) fail(errors.notYours, { sender, auditor });
      readAddress(message.provider, "provider");
      if (!isAttributeKey(message.key)) fail(errors.badAttribute, { what: "key is no attribute key" });
      checkReason(message.reason, 0);
    },

    execute(ctx, message) {
      const auditor = auditorOf(message);
      const provider = readAddress(message.provider, "provider");
      const attestation = attestations.find(ctx, [provider, message.key, auditor]);
      // What is over by itself, swept or not, cannot be revoked any more.
      if (attestation === undefined || ["expired", "void"].includes(reasonAgainst(ctx, keeper, attestation))) fail(errors.noAttestation, { key: message.key, auditor: addressText(auditor) });
      end(ctx, keeper, attestation, { event: "AttestationRevoked", by: senderOf(message), reason: message.reason });
      keeper.changed(ctx, provider);
      return {};
    },

    arbitrary({ ctx, random }) {
      const known = [...attestations.entries(ctx)].map(([, attestation]) => attestation);
      if (known.length === 0) return undefined;
      const { auditor, provider, key } = random.pick(known);
      return { sender: auditor, auditor, provider, key: random.chance(95) ? key : "cloud", reason: random.chance(50) ? "moved" : "" };
    },
  };
}
