/** MsgSupplyInputs: what the inputs of a stage are, now that the results that they are made of are there. */
import { StageState } from "../../../codec/gen/dcm/market/v1/types.ts";
import type { MsgSupplyInputs, MsgSupplyInputsResponse } from "../../../codec/gen/dcm/market/v1/tx.ts";
import { fail } from "../../../runtime/errors.ts";
import { loadBid } from "../bids.ts";
import { canonical } from "../checks.ts";
import { errors } from "../errors.ts";
import { inputsCame, stageName } from "../events.ts";
import { checkInputs, maxStages } from "../stage-checks.ts";
import { awaitsInputs, moveStages } from "../stage-flow.ts";
import { inputsSupplied } from "../stage-graph.ts";
import { inRange } from "../params.ts";
import { stagesOf } from "../stages.ts";
import { jobs, stages } from "../state.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { MarketPorts } from "../ports.ts";

export function supplyInputs(ports: MarketPorts): MessageHandler<MsgSupplyInputs, MsgSupplyInputsResponse> {
  return {
    lane: "reserved",
    signers: (message) => [message.consumer],

    check(message) {
      canonical(message.consumer, "consumer");
      inRange("stage", message.stage, 1, maxStages - 1);
      checkInputs("", message);
    },

    execute(ctx, message) {
      const consumer = canonical(message.consumer, "consumer");
      const job = jobs.find(ctx, message.jobId);
      if (job === undefined) fail(errors.unknownJob, { id: message.jobId });
      if (job.consumer !== consumer) fail(errors.notYours, { what: `job ${job.id}`, owner: job.consumer, signer: consumer });
      const before = stagesOf(ctx, job);
      const stage = before[message.stage];
      if (stage === undefined) fail(errors.unknownStage, { job: job.id, stage: message.stage, stages: before.length });
      const tau = ports.clock.tau(ctx);
      if (!awaitsInputs(stage, tau)) fail(errors.noInputsAwaited, { job: job.id, stage: stage.index, state: stage.state === StageState.STAGE_STATE_INPUTS ? "too late" : stageName(stage.state) });
      if (loadBid(ctx, job.id).expiresTau < tau) fail(errors.notOpen, { what: `bid ${job.id}`, status: "expired" });
      inputsCame(ctx, job, stage, message.inputRoot);
      moveStages(ctx, ports, job, before, inputsSupplied(before, stage.index, message.inputRoot, message.manifest!, tau));
      return { tasks: stage.tasks };
    },

    arbitrary({ ctx, accounts, random }) {
      const known = Array.from(stages.entries(ctx), ([, stage]) => stage).filter(({ index }) => index > 0);
      if (known.length === 0) return undefined;
      const { jobId, index } = random.pick(known);
      return { consumer: random.chance(90) ? jobs.find(ctx, jobId)!.consumer : random.pick(accounts), jobId, stage: index, inputRoot: new Uint8Array(32), manifest: { digest: new Uint8Array(32), size: 100n } };
    },
  };
}
