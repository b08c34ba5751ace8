/** MsgTransfer: offers a position to one account, which accepts it with the margin that it needs; or withdraws the offer. */
import type { MsgTransfer, MsgTransferResponse } from "../../../codec/gen/dcm/forward/v1/tx.ts";
import { fail } from "../../../runtime/errors.ts";
import { arbitraryPosition } from "../arbitrary.ts";
import { canonical, tradablePosition } from "../checks.ts";
import { errors } from "../errors.ts";
import { positionChanged } from "../events.ts";
import { savePosition } from "../state.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { ForwardPorts } from "../ports.ts";

export function transfer(ports: ForwardPorts): MessageHandler<MsgTransfer, MsgTransferResponse> {
  return {
    signers: (message) => [message.holder],

    check(message) {
      const holder = canonical(message.holder, "holder");
      if (message.to !== "" && canonical(message.to, "to") === holder) fail(errors.invalidField, { field: "to", value: message.to, limit: "another account than the holder's" });
    },

    execute(ctx, message) {
      const { before, held } = tradablePosition(ctx, ports, message.positionId, canonical(message.holder, "holder"));
      const offered = { ...held, offeredTo: message.to === "" ? "" : canonical(message.to, "to") };
      savePosition(ctx, before, offered);
      positionChanged(ctx, offered);
      return {};
    },

    arbitrary(world) {
      const position = arbitraryPosition(world);
      if (position === undefined) return undefined;
      const { random, accounts } = world;
      const to = random.chance(10) ? "" : random.chance(10) && position.organization !== "" ? position.payer : random.pick(accounts);
      return { holder: random.chance(90) ? position.holder : random.pick(accounts), positionId: position.id, to };
    },
  };
}
