/** MsgAccept: takes a position that was offered. The new holder's margin and deposit take the place of the old one's; its seller, who takes it back, ends it. */
import type { MsgAccept, MsgAcceptResponse } from "../../../codec/gen/dcm/forward/v1/tx.ts";
import { fail } from "../../../runtime/errors.ts";
import { arbitraryPosition } from "../arbitrary.ts";
import { canonical, notBegun, positionOf } from "../checks.ts";
import { errors } from "../errors.ts";
import { authorizeSpend, pay } from "../escrow.ts";
import { positionChanged } from "../events.ts";
import { positionDeposit } from "../orders.ts";
import { closePosition } from "../positions.ts";
import { savePosition } from "../state.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { ForwardPorts } from "../ports.ts";

export function accept(ports: ForwardPorts): MessageHandler<MsgAccept, MsgAcceptResponse> {
  return {
    signers: (message) => [message.recipient],

    check: (message) => void canonical(message.recipient, "recipient"),

    execute(ctx, message) {
      const recipient = canonical(message.recipient, "recipient");
      const position = positionOf(ctx, message.positionId);
      const { id, holder, seller, quoteDenom, holderMargin, offeredTo } = position;
      if (offeredTo !== recipient) fail(errors.notOffered, { id, to: offeredTo, signer: recipient });
      notBegun(`position ${id}`, position.slotTau, ports.clock.tau(ctx));
      if (recipient === seller) {
        closePosition(ctx, ports, position);
        return { margin: "0" };
      }
      const deposit = positionDeposit(ctx);
      authorizeSpend(ctx, ports, recipient, quoteDenom, BigInt(holderMargin), deposit);
      pay(ctx, ports, holder, quoteDenom, BigInt(holderMargin), BigInt(position.storageDeposit));
      const taken = { ...position, holder: recipient, offeredTo: "", storageDeposit: deposit.toString() };
      savePosition(ctx, position, taken);
      positionChanged(ctx, taken);
      return { margin: holderMargin };
    },

    arbitrary(world) {
      const position = arbitraryPosition(world);
      if (position === undefined) return undefined;
      return { recipient: position.offeredTo === "" ? world.random.pick(world.accounts) : position.offeredTo, positionId: position.id };
    },
  };
}
