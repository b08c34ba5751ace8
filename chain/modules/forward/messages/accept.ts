/** MsgAccept: takes a position that was offered. The new holder's margin and deposit take the place of the old one's; its seller, who takes it back, ends it. */
import type { Position } from "../../../codec/gen/dcm/forward/v1/types.ts";
import type { MsgAccept, MsgAcceptResponse } from "../../../codec/gen/dcm/forward/v1/tx.ts";
import { addressBytes } from "../../../codec/address.ts";
import { fail } from "../../../runtime/errors.ts";
import { factsOf } from "../../market/ports.ts";
import { arbitraryBilling, arbitraryPosition } from "../arbitrary.ts";
import { canonical, checkBilling, notBegun, positionOf } from "../checks.ts";
import { errors } from "../errors.ts";
import { authorizeSpend, positionHolding } from "../escrow.ts";
import { positionChanged } from "../events.ts";
import { positionDeposit } from "../orders.ts";
import { closePosition, releaseHolder } from "../positions.ts";
import { savePosition } from "../state.ts";
import type { Context } from "../../../runtime/context.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { ForwardPorts } from "../ports.ts";

export function accept(ports: ForwardPorts): MessageHandler<MsgAccept, MsgAcceptResponse> {
  return {
    signers: (message) => [message.recipient],

    check(message) {
      canonical(message.recipient, "recipient");
      checkBilling(message);
    },

    execute(ctx, message) {
      const recipient = canonical(message.recipient, "recipient");
      const { organization, costTags } = message;
      const position = positionOf(ctx, message.positionId);
      const payer = ports.organizations.payerOf({ signer: recipient, organization, payer: "" });
      const { id, seller, quoteDenom, holderMargin, offeredTo } = position;
      if (offeredTo === "" || (offeredTo !== recipient && offeredTo !== payer)) fail(errors.notOffered, { id, to: offeredTo, signer: recipient });
      notBegun(`position ${id}`, position.slotTau, ports.clock.tau(ctx));
      mayChangeHands(ctx, ports, position, organization);
      if (recipient === seller) {
        if (organization !== "") fail(errors.invalidField, { field: "organization", value: organization, limit: "empty where the seller takes its position back, which costs nothing" });
        closePosition(ctx, ports, position);
        return { margin: "0" };
      }
      const billed = { organization, payer, costTags };
      const deposit = positionDeposit(ctx, billed);
      // First what was charged for the old holder comes back: the budgets may be the same.
      releaseHolder(ctx, ports, position);
      authorizeSpend(ctx, ports, {
        signer: recipient, organization, holding: positionHolding(position), purpose: "forward-transfer", costTags, work: { classId: position.classId, verification: "any" },
        provider: factsOf(ctx, ports, { address: addressBytes(seller), attributes: ports.providers.find(ctx, addressBytes(seller))?.attributes ?? [] }),
        denom: quoteDenom, amount: BigInt(holderMargin), deposit,
      });
      const taken = { ...position, ...billed, holder: recipient, offeredTo: "", storageDeposit: deposit.toString() };
      savePosition(ctx, position, taken);
      positionChanged(ctx, taken);
      return { margin: holderMargin };
    },

    arbitrary(world) {
      const position = arbitraryPosition(world);
      if (position === undefined) return undefined;
      const { accounts, random } = world;
      const recipient = accounts.includes(position.offeredTo) ? position.offeredTo : random.pick(accounts);
      return { recipient, positionId: position.id, ...arbitraryBilling(ports, world, recipient) };
    },
  };
}

/** What an organization's money holds leaves it by those alone who manage it; and nobody hands it what was a member's. */
function mayChangeHands(ctx: Context, ports: ForwardPorts, { id, holder, organization: from }: Position, to: string): void {
  if (from === to) return;
  if (from !== "" && !ports.organizations.manages(ctx, from, holder)) fail(errors.ofOrganization, { id, organization: from, holder });
  if (to !== "" && ports.organizations.organizationsOf(ctx, holder).includes(to)) fail(errors.affiliate, { organization: to, holder });
}
