/** MsgRevealSalt: the next salt of the job's chain; serves the draws that wait for it. */
import type { MsgRevealSalt, MsgRevealSaltResponse } from "../../../codec/gen/dcm/market/v1/tx.ts";
import { equalBytes } from "../../../codec/bytes.ts";
import { sha256 } from "../../../codec/hash.ts";
import { fail } from "../../../runtime/errors.ts";
import { canonical, size } from "../checks.ts";
import { saltDraw } from "../draw-queue.ts";
import { errors } from "../errors.ts";
import { emit } from "../events.ts";
import { paramsAt } from "../params.ts";
import { draws, jobs, nextJobId, within } from "../state.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { MarketPorts } from "../ports.ts";

/** Draws that one salt serves; the next salt serves the next ones. */
export const maxDrawsPerSalt = 256;

export function revealSalt(ports: MarketPorts): MessageHandler<MsgRevealSalt, MsgRevealSaltResponse> {
  return {
    lane: "reserved",
    signers: (message) => [message.consumer],

    check(message) {
      canonical(message.consumer, "consumer");
      size("salt", message.salt, 32);
    },

    execute(ctx, message) {
      const consumer = canonical(message.consumer, "consumer");
      const job = jobs.find(ctx, message.jobId);
      if (job === undefined) fail(errors.unknownJob, { id: message.jobId });
      if (job.consumer !== consumer) fail(errors.notYours, { what: `job ${job.id}`, owner: job.consumer, signer: consumer });
      if (!equalBytes(sha256(message.salt), job.saltHead)) fail(errors.wrongSalt, { job: job.id });
      const tau = ports.clock.tau(ctx);
      const served = [];
      for (const [, draw] of draws.entries(ctx, { within: within.job(job.id) })) {
        // A late salt serves nothing, swept or not.
        if (draw.salt.length === 0 && draw.saltDueTau !== 0n && tau <= draw.saltDueTau) served.push(draw);
        if (served.length >= maxDrawsPerSalt) break;
      }
      if (served.length === 0) fail(errors.noDraws, { job: job.id });
      const params = paramsAt(ctx, job.paramsVersion);
      for (const draw of served) saltDraw(ctx, draw, message.salt, tau, params);
      jobs.set(ctx, job.id, { ...job, saltHead: message.salt, saltsRevealed: job.saltsRevealed + 1 });
      emit(ctx, "EventSaltRevealed", { job_id: job.id, consumer, draws: served.length });
      return { draws: served.length };
    },

    arbitrary({ ctx, accounts, random }) {
      const jobId = 1n + random.bigint(nextJobId.find(ctx) ?? 1n);
      return { consumer: jobs.find(ctx, jobId)?.consumer ?? random.pick(accounts), jobId, salt: new Uint8Array(32) };
    },
  };
}
