/** MsgTopUpService: money for more time. What is owed is paid first. */
import type { MsgTopUpService, MsgTopUpServiceResponse } from "../../../codec/gen/dcm/market/v1/tx.ts";
import { addressBytes } from "../../../codec/address.ts";
import { readAmount } from "../../../runtime/coins.ts";
import { fail } from "../../../runtime/errors.ts";
import { storeBacking, loadBid } from "../bids.ts";
import { canonical, checkCostTags, textAtMost } from "../checks.ts";
import { authorizeSpend, holdingOf, payerOf } from "../escrow.ts";
import { errors } from "../errors.ts";
import { emit } from "../events.ts";
import { tagsText } from "../../organization/ports.ts";
import { maxDeposits, withDeposit } from "../services/deposits.ts";
import { streamOf, streams, topUpInstance } from "../services/instance-machine.ts";
import { applyInstance, heldInstance } from "../services/services.ts";
import { reachOf } from "../services/stream.ts";
import { arbitraryInstance } from "./service-message.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { MarketPorts } from "../ports.ts";

export function topUpService(ports: MarketPorts): MessageHandler<MsgTopUpService, MsgTopUpServiceResponse> {
  return {
    signers: (message) => [message.payer],

    check(message) {
      canonical(message.payer, "payer");
      readTopUp(message.amount);
      textAtMost("organization", message.organization, 128);
      checkCostTags(message.costTags);
    },

    execute(ctx, message) {
      const payer = canonical(message.payer, "payer");
      const amount = readTopUp(message.amount);
      const { instance, service, terms } = heldInstance(ctx, ports, message.instanceId);
      const { organization } = message;
      const from = payerOf(ports, { signer: payer, payer: "", organization });
      const deposits = withDeposit(instance.deposits, from, amount);
      if (deposits === undefined) fail(errors.tooManyDeposits, { id: instance.id, limit: maxDeposits });
      const costTags = message.costTags.length === 0 && organization === service.organization ? service.costTags : message.costTags;
      const provider = ports.providers.find(ctx, addressBytes(instance.provider));
      const policy = { purpose: "top-up" as const, classId: service.classId, costTags, ...(provider === undefined ? {} : { provider }) };
      authorizeSpend(ctx, ports, { signer: payer, payer: from, organization, holding: holdingOf(service.id), coins: [{ denom: service.quoteDenom, amount }], policy });
      const escrow = { ...service.escrow!, deposited: (BigInt(service.escrow!.deposited) + amount).toString(), held: (BigInt(service.escrow!.held) + amount).toString() };
      storeBacking(ctx, loadBid(ctx, service.id), { ...service, escrow });
      const next = applyInstance(ctx, ports, instance, topUpInstance(instance, terms, deposits, ports.clock.tau(ctx)));
      const depletedTau = streams(next.state) ? reachOf(streamOf(next, terms)).depletedTau : 0n;
      emit(ctx, "EventServiceToppedUp", { instance_id: next.id, service_id: service.id, consumer: service.consumer, provider: next.provider, payer: from, organization, cost_tags: tagsText(costTags), amount, depleted_tau: depletedTau });
      return { depletedTau };
    },

    arbitrary(world) {
      const instance = arbitraryInstance(world);
      return instance === undefined ? undefined : { payer: world.random.pick(world.accounts), instanceId: instance.id, amount: String(1 + world.random.int(100)), organization: "", costTags: [] };
    },
  };
}

function readTopUp(text: string): bigint {
  const amount = readAmount(text);
  if (amount === undefined || amount <= 0n || amount > 1n << 128n) fail(errors.invalidField, { field: "amount", value: text, limit: "a canonical integer from 1 to 2^128" });
  return amount;
}
