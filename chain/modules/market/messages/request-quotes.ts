/** MsgRequestQuotes: what the book has not, asked of providers. */
import { Meter, QuoteRequest, type CapacityClass } from "../../../codec/gen/dcm/market/v1/types.ts";
import type { MsgRequestQuotes, MsgRequestQuotesResponse } from "../../../codec/gen/dcm/market/v1/tx.ts";
import { atMost, canonical, checkAttribute, checkClassId, checkCostTags, checkSorted, expiry, jobsOnly, maxTau, textAtMost, tradable } from "../checks.ts";
import { anyClass } from "../classes.ts";
import { authorizeSpend, payerOf, requestHolding } from "../escrow.ts";
import { emit } from "../events.ts";
import { currentParams, inRange, paramBounds } from "../params.ts";
import { maxWishes } from "../profiles.ts";
import { anyDenom, checkDenom } from "../quote-denoms.ts";
import { spentBy } from "./place-bid.ts";
import { tagsText } from "../../organization/ports.ts";
import { dueKinds, nextRequestId, quoteRequests, schedule, take } from "../state.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { MarketPorts } from "../ports.ts";

/** Bytes of state beside the record, and how far a shape may be from that of its class. */
const indexBytes = 64;
const maxScale = 1_024n;

export function requestQuotes(ports: MarketPorts): MessageHandler<MsgRequestQuotes, MsgRequestQuotesResponse> {
  return {
    signers: (message) => [message.requester],

    check(message) {
      canonical(message.requester, "requester");
      checkClassId(message.classId);
      checkDenom("quote_denom", message.quoteDenom);
      inRange("tasks", message.tasks, 1, paramBounds.maxTasks[2]);
      inRange("lots", message.lots, 1n, 1n << 40n);
      inRange("deadline_tau", message.deadlineTau, 0n, maxTau);
      atMost("requirements", message.requirements.length, maxWishes, "attributes");
      for (const attribute of message.requirements) checkAttribute("requirements", attribute);
      checkSorted("requirements", message.requirements.map(({ key }) => key));
      textAtMost("organization", message.organization, 128);
      checkCostTags(message.costTags);
    },

    execute(ctx, message) {
      const requester = canonical(message.requester, "requester");
      const { classId, quoteDenom, tasks, lots, requirements, organization, costTags } = message;
      const payer = payerOf(ports, { signer: requester, payer: "", organization });
      const capacity = tradable(ctx, ports, classId, quoteDenom, "tick", 0n);
      jobsOnly(capacity, "quotes");
      const { params } = currentParams(ctx);
      inRange("tasks", tasks, 1, params.maxTasks);
      inRange("lots", lots, 1n, capacity.maxLots);
      checkShape(capacity, message);
      const tau = ports.clock.tau(ctx);
      const request = QuoteRequest.fromPartial({
        id: take(ctx, nextRequestId), requester, classId, quoteDenom, ...(message.resources === undefined ? {} : { resources: message.resources }), tasks, lots, requirements,
        deadlineTau: expiry("deadline_tau", message.deadlineTau, tau, params.maxOrderLifetime), createdTau: tau, organization, payer, costTags,
      });
      const deposit = BigInt(QuoteRequest.encode(request).finish().length + indexBytes) * params.depositPerByte;
      // Which level the work will have is not known yet.
      const policy = { purpose: "quotes", classId, costTags, verification: "any" } as const;
      authorizeSpend(ctx, ports, { signer: requester, payer, organization, holding: requestHolding(request.id), coins: [{ denom: ports.providers.bondDenom(ctx), amount: deposit }], policy });
      quoteRequests.set(ctx, request.id, { ...request, storageDeposit: deposit.toString() });
      schedule(ctx, request.deadlineTau, dueKinds.requestEnd, request.id);
      emit(ctx, "EventQuotesRequested", {
        request_id: request.id, requester, organization, payer, cost_tags: tagsText(costTags), class_id: classId, quote_denom: quoteDenom, resources: shapeText(message), tasks, lots,
        requirements: requirements.map(({ key, value }) => `${key}=${value}`).join(","), deadline_tau: request.deadlineTau, storage_deposit: deposit,
      });
      return { requestId: request.id, storageDeposit: deposit.toString() };
    },

    arbitrary({ ctx, accounts, random }) {
      const [classId, capacity] = anyClass(ctx, random, Meter.METER_WORK) ?? [];
      if (classId === undefined || capacity?.resources === undefined) return undefined;
      const requester = random.pick(accounts);
      return {
        requester, organization: spentBy(ctx, ports, random, requester), costTags: random.chance(30) ? [{ key: "team", value: "a" }] : [], classId, quoteDenom: anyDenom(ctx, ports, random), resources: random.chance(50) ? undefined : { ...capacity.resources, cpuMilli: capacity.resources.cpuMilli * (1 + random.int(4)) },
        tasks: 1 + random.int(4), lots: 1n + random.bigint(4n), requirements: [], deadlineTau: random.chance(50) ? 0n : ports.clock.tau(ctx) + 1n + random.bigint(60_000n),
      };
    },
  };
}

/** A shape is the class's own in each resource, or 0 for "as the class says", up to 1,024 times it. */
function checkShape(capacity: CapacityClass, { resources }: MsgRequestQuotes): void {
  if (resources === undefined) return;
  const own = capacity.resources!;
  const check = (field: string, value: bigint, least: bigint): void => {
    if (value !== 0n) inRange(`resources.${field}`, value, least, least * maxScale);
  };
  check("cpu_milli", BigInt(resources.cpuMilli), BigInt(own.cpuMilli));
  check("memory_bytes", resources.memoryBytes, own.memoryBytes);
  check("storage_bytes", resources.storageBytes, own.storageBytes);
}

const shapeText = ({ resources }: MsgRequestQuotes): string => (resources === undefined ? "" : `cpu_milli=${resources.cpuMilli},memory_bytes=${resources.memoryBytes},storage_bytes=${resources.storageBytes}`);
