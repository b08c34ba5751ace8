/** MsgAcceptResult: the consumer has nothing against a result, or against periods of an instance; what is held of them is paid. */
import type { MsgAcceptResult, MsgAcceptResultResponse } from "../../../codec/gen/dcm/market/v1/tx.ts";
import type { Hold } from "../../../codec/gen/dcm/market/v1/types.ts";
import { fail } from "../../../runtime/errors.ts";
import { canonical, mayEnd } from "../checks.ts";
import { errors } from "../errors.ts";
import { endHold, ownerOf } from "../hold-port.ts";
import { findHold, heldText, refOf } from "../holds.ts";
import { gathers } from "../services/periods.ts";
import { loadInstance } from "../services/services.ts";
import { holds, within } from "../state.ts";
import type { Context } from "../../../runtime/context.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { HoldRef, MarketPorts } from "../ports.ts";

export function acceptResult(ports: MarketPorts): MessageHandler<MsgAcceptResult, MsgAcceptResultResponse> {
  return {
    signers: (message) => [message.consumer],

    check({ consumer, taskId, instanceId, period }) {
      canonical(consumer, "consumer");
      if ((taskId === 0n) === (instanceId === 0n)) fail(errors.invalidField, { field: "task_id and instance_id", value: `${taskId} and ${instanceId}`, limit: "one of both, the other 0" });
      if (taskId !== 0n && period !== 0n) fail(errors.invalidField, { field: "period", value: period, limit: "0: a task has none" });
    },

    execute(ctx, message) {
      const signer = canonical(message.consumer, "consumer");
      const own = (hold: Hold): void => {
        const owner = ownerOf(ctx, hold);
        if (!mayEnd(ctx, ports, owner, signer)) fail(errors.notYours, { what: heldText(refOf(hold)), owner: owner.consumer, signer });
        if (hold.caseId !== 0n) fail(errors.disputed, { what: heldText(refOf(hold)), caseId: hold.caseId });
      };
      for (const ref of message.taskId === 0n ? periodsOf(ctx, ports, message) : [{ id: message.taskId, period: 0n }]) {
        const hold = findHold(ctx, ref);
        if (hold === undefined) fail(errors.noHold, { what: heldText(ref) });
        own(hold);
        // Behind its window it is the provider's already, swept or not: the same comes of it.
        endHold(ctx, ports, ref, 10_000, "accepted");
      }
      return {};
    },

    arbitrary({ ctx, random }) {
      const waiting = Array.from(holds.entries(ctx), ([, hold]) => hold);
      if (waiting.length === 0 || !random.chance(30)) return undefined;
      const hold = random.pick(waiting);
      const { taskId, instanceId, period } = hold;
      return { consumer: ownerOf(ctx, hold).consumer, taskId, instanceId, period: random.chance(50) ? period : 0n };
    },
  };
}

/** The period that the message names, which must be over; or all that are, and that no case decides on. */
function periodsOf(ctx: Context, ports: MarketPorts, { instanceId: id, period }: MsgAcceptResult): HoldRef[] {
  const found = loadInstance(ctx, ports, id);
  if (found === undefined) fail(errors.unknownInstance, { id });
  const { instance } = found;
  if (period !== 0n) {
    if (gathers(instance, period)) fail(errors.gathering, { id, period, until: instance.periodUntil, tau: ports.clock.tau(ctx) });
    return [{ id, period }];
  }
  const refs = Array.from(holds.entries(ctx, { within: within.id(id) }), ([, hold]) => hold).filter((hold) => hold.caseId === 0n && !gathers(instance, hold.period)).map(refOf);
  return refs.length === 0 ? [{ id, period }] : refs;
}
