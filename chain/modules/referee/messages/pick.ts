/** MsgPick: the challenger names the first part at whose end it disagrees with the last answer: the dispute is about that part from now on. */
import type { MsgPick, MsgPickResponse } from "../../../codec/gen/dcm/referee/v1/tx.ts";
import { equalBytes } from "../../../codec/bytes.ts";
import { fail } from "../../../runtime/errors.ts";
import { partOf } from "../../../vm/bisection.ts";
import { arbitraryTurn } from "../arbitrary.ts";
import { canonical, size } from "../checks.ts";
import { giveTurn, loadTurn } from "../disputes.ts";
import { errors } from "../errors.ts";
import { endTurn, rangeOf } from "../machine.ts";
import { answers } from "../state.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { RefereePorts } from "../ports.ts";

export function pick(ports: RefereePorts): MessageHandler<MsgPick, MsgPickResponse> {
  return {
    lane: "reserved",
    signers: (message) => [message.challenger],

    check({ challenger, hash }) {
      canonical(challenger, "challenger");
      if (hash.length > 0) size("hash", hash, 32);
    },

    execute(ctx, message) {
      const { part, hash } = message;
      const dispute = loadTurn(ctx, ports, "challenger", { ...message, signer: canonical(message.challenger, "challenger") });
      const { id, parts, agreedHash, providerHash, challengerHash } = dispute;
      if (part >= parts) fail(errors.invalidField, { what: `part is 0 to ${parts - 1}, got ${part}` });
      const last = part === parts - 1;
      if (!last) size("hash", hash, 32);
      else if (hash.length > 0 && !equalBytes(hash, challengerHash)) fail(errors.otherClaim, { id });
      const answer = answers.find(ctx, id)!;
      const boundary = (index: number): Uint8Array => answer.slice(index * 32, index * 32 + 32);
      const theirs = last ? providerHash : boundary(part);
      if (!last && equalBytes(hash, theirs)) fail(errors.noDifference, { id, part });
      answers.remove(ctx, id);
      const { low, length } = partOf(rangeOf(dispute), part);
      const narrowed = { ...endTurn(dispute, ports.clock.tau(ctx)), parts: 0, start: low, length, agreedHash: part === 0 ? agreedHash : boundary(part - 1), providerHash: theirs, challengerHash: last ? challengerHash : hash };
      giveTurn(ctx, ports, dispute, narrowed, "provider");
      return {};
    },

    arbitrary(world) {
      const found = arbitraryTurn(world, "challenger");
      return found === undefined ? undefined : { challenger: found.challenger, disputeId: found.id, move: found.moves, part: world.random.int(found.parts), hash: new Uint8Array(32) };
    },
  };
}
