/** The market: capacity classes, asks and bids, one batch auction a book and block, leases, jobs and their tasks, services and their instances, escrow. */
import { MsgDefinition } from "../../codec/gen/dcm/market/v1/tx.ts";
import { defineModule, messageService, type Module } from "../../runtime/module.ts";
import { sortInto } from "./asks.ts";
import { clearBooks } from "./clearing.ts";
import { runDraws } from "./draws.ts";
import { seedDraws } from "./draw-queue.ts";
import { deliveriesOf } from "./deliveries.ts";
import { errors } from "./errors.ts";
import { followAttestations, followProvider, moveFollowers } from "./followers.ts";
import { marketGenesis } from "./genesis.ts";
import { holdsOf, sweepHolds } from "./hold-port.ts";
import { invariants } from "./invariants.ts";
import { acceptResult } from "./messages/accept-result.ts";
import { cancelAsk } from "./messages/cancel-ask.ts";
import { cancelBid } from "./messages/cancel-bid.ts";
import { cancelRequest } from "./messages/cancel-request.ts";
import { commitResult } from "./messages/commit-result.ts";
import { declineTask } from "./messages/decline-task.ts";
import { placeAsk } from "./messages/place-ask.ts";
import { placeBid } from "./messages/place-bid.ts";
import { quote } from "./messages/quote.ts";
import { registerProfile } from "./messages/register-profile.ts";
import { replaceAsk } from "./messages/replace-ask.ts";
import { replaceBid } from "./messages/replace-bid.ts";
import { reportProbe } from "./messages/report-probe.ts";
import { requestQuotes } from "./messages/request-quotes.ts";
import { retireProfile } from "./messages/retire-profile.ts";
import { revealResult } from "./messages/reveal-result.ts";
import { revealSalt } from "./messages/reveal-salt.ts";
import { sealKeys } from "./messages/seal-keys.ts";
import { setClass } from "./messages/set-class.ts";
import { setQuoteDenom } from "./messages/set-quote-denom.ts";
import { startTask } from "./messages/start-task.ts";
import { closeService } from "./messages/close-service.ts";
import { placeServiceBid } from "./messages/place-service-bid.ts";
import { reclaimService } from "./messages/reclaim-service.ts";
import { settleService } from "./messages/settle-service.ts";
import { startService } from "./messages/start-service.ts";
import { topUpService } from "./messages/top-up-service.ts";
import { supplyInputs } from "./messages/supply-inputs.ts";
import { updateParams } from "./messages/update-params.ts";
import { followOrganization, moveMandates } from "./bid-followers.ts";
import { currentParams } from "./params.ts";
import { buildProfiles } from "./profiles.ts";
import { marketQueries } from "./queries.ts";
import { refereedOf } from "./refereed-port.ts";
import { fillReserved } from "./reserved-fills.ts";
import { storeName } from "./state.ts";
import { drawProbers } from "./services/probe-draws.ts";
import { sweepRounds } from "./services/round-sweep.ts";
import { sweepInstances } from "./services/sweep.ts";
import { sweep } from "./sweep.ts";
import type { DeliveriesPort, HoldsPort, MarketPorts, RefereedPort } from "./ports.ts";

export function marketModule(ports: MarketPorts): { readonly module: Module; readonly deliveries: DeliveriesPort; readonly holds: HoldsPort; readonly refereed: RefereedPort } {
  ports.providers.onChange((ctx, address) => followProvider(ctx, ports, address));
  ports.attestations.onChange(followAttestations);
  ports.organizations.onChange(followOrganization);
  const module = defineModule({
    name: "market",
    stores: [storeName],
    consensusVersion: 1,
    messages: messageService(MsgDefinition, {
      placeAsk: placeAsk(ports), cancelAsk: cancelAsk(ports), placeBid: placeBid(ports), cancelBid: cancelBid(ports), replaceAsk: replaceAsk(ports), replaceBid: replaceBid(ports),
      registerProfile: registerProfile(ports), retireProfile: retireProfile(ports), sealKeys: sealKeys(ports), revealSalt: revealSalt(ports),
      startTask: startTask(ports), declineTask: declineTask(ports), commitResult: commitResult(ports), revealResult: revealResult(ports), supplyInputs: supplyInputs(ports),
      setClass: setClass(ports), setQuoteDenom: setQuoteDenom(ports), updateParams: updateParams(ports), placeServiceBid: placeServiceBid(ports), startService: startService(ports),
      topUpService: topUpService(ports), settleService: settleService(ports), reclaimService: reclaimService(ports), closeService: closeService(ports),
      requestQuotes: requestQuotes(ports), cancelRequest: cancelRequest(ports), quote: quote(ports), reportProbe: reportProbe(ports), acceptResult: acceptResult(ports),
    }),
    queries: marketQueries(ports),
    genesis: marketGenesis(ports),
    endBlock(ctx) {
      sweep(ctx, ports);
      sweepInstances(ctx, ports);
      sweepRounds(ctx, ports);
      sweepHolds(ctx, ports);
      // Behind the sweeps: whom they jailed is out of the books before they are cleared.
      moveFollowers(ctx, ports, currentParams(ctx).params.maxSweep);
      seedDraws(ctx, ports);
      runDraws(ctx, ports);
      drawProbers(ctx, ports);
      buildProfiles(ctx, sortInto);
      fillReserved(ctx, ports);
      clearBooks(ctx, ports);
      moveMandates(ctx, ports, currentParams(ctx).params.maxSweep);
    },
    invariants: invariants(ports),
    errors,
  });
  return { module, deliveries: deliveriesOf(ports), holds: holdsOf(ports), refereed: refereedOf(ports) };
}
