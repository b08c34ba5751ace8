/** MsgAcceptResult: the consumer has nothing against a result; what is held of it is paid. */
import type { MsgAcceptResult, MsgAcceptResultResponse } from "../../../codec/gen/dcm/market/v1/tx.ts";
import { fail } from "../../../runtime/errors.ts";
import { loadJob } from "../bids.ts";
import { canonical } from "../checks.ts";
import { errors } from "../errors.ts";
import { endHold } from "../holds.ts";
import { holds } from "../state.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { MarketPorts } from "../ports.ts";

export function acceptResult(ports: MarketPorts): MessageHandler<MsgAcceptResult, MsgAcceptResultResponse> {
  return {
    signers: (message) => [message.consumer],

    check: (message) => void canonical(message.consumer, "consumer"),

    execute(ctx, message) {
      const consumer = canonical(message.consumer, "consumer");
      const hold = holds.find(ctx, message.taskId);
      if (hold === undefined) fail(errors.noHold, { id: message.taskId });
      const job = loadJob(ctx, hold.jobId);
      if (job.consumer !== consumer) fail(errors.notYours, { what: `task ${message.taskId}`, owner: job.consumer, signer: consumer });
      if (hold.caseId !== 0n) fail(errors.disputed, { id: message.taskId, caseId: hold.caseId });
      // Behind its window it is the provider's already, swept or not: the same comes of it.
      endHold(ctx, ports, hold, 10_000, "accepted");
      return {};
    },

    arbitrary({ ctx, random }) {
      const waiting = Array.from(holds.entries(ctx), ([, hold]) => hold);
      if (waiting.length === 0 || !random.chance(30)) return undefined;
      const { taskId, jobId } = random.pick(waiting);
      return { consumer: loadJob(ctx, jobId).consumer, taskId };
    },
  };
}
