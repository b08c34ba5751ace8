/** MsgAnswer: the provider cuts the disputed range into equal parts and says what it has at their boundaries. */
import type { MsgAnswer, MsgAnswerResponse } from "../../../codec/gen/dcm/referee/v1/tx.ts";
import { fail } from "../../../runtime/errors.ts";
import { partsOf } from "../../../vm/bisection.ts";
import { arbitraryTurn } from "../arbitrary.ts";
import { canonical, size } from "../checks.ts";
import { giveTurn, loadTurn } from "../disputes.ts";
import { errors } from "../errors.ts";
import { endTurn, rangeOf } from "../machine.ts";
import { answers } from "../state.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { RefereePorts } from "../ports.ts";

/** Boundaries within a range that is cut into 128 parts. */
const mostHashes = 127;

export function answer(ports: RefereePorts): MessageHandler<MsgAnswer, MsgAnswerResponse> {
  return {
    lane: "reserved",
    signers: (message) => [message.provider],

    check({ provider, hashes }) {
      canonical(provider, "provider");
      if (hashes.length % 32 !== 0 || hashes.length === 0 || hashes.length > mostHashes * 32) fail(errors.invalidField, { what: `hashes are 1 to ${mostHashes} of 32 bytes, one behind the other, got ${hashes.length} bytes` });
    },

    execute(ctx, message) {
      const { hashes } = message;
      const dispute = loadTurn(ctx, ports, "provider", { ...message, signer: canonical(message.provider, "provider") });
      const parts = partsOf(rangeOf(dispute));
      if (parts === 1) fail(errors.singleStep, { id: dispute.id });
      size("hashes", hashes, (parts - 1) * 32);
      answers.set(ctx, dispute.id, hashes);
      giveTurn(ctx, ports, dispute, { ...endTurn(dispute, ports.clock.tau(ctx)), parts }, "challenger");
      return {};
    },

    arbitrary(world) {
      const found = arbitraryTurn(world, "provider");
      return found === undefined ? undefined : { provider: found.provider, disputeId: found.id, move: found.moves, hashes: new Uint8Array(32 * Math.max(1, partsOf(rangeOf(found)) - 1)) };
    },
  };
}
