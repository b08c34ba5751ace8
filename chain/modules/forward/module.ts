/** Forwards: capacity of slots to come, sold and bought with margin from both sides, transferred, resold, delivered through the market. */
import { MsgDefinition } from "../../codec/gen/dcm/forward/v1/tx.ts";
import { defineModule, messageService, type Module } from "../../runtime/module.ts";
import { clearBooks } from "./clearing.ts";
import { errors } from "./errors.ts";
import { followOrganization, moveMandates } from "./followers.ts";
import { genesis } from "./genesis.ts";
import { invariants } from "./invariants.ts";
import { accept } from "./messages/accept.ts";
import { cancelOrder } from "./messages/cancel-order.ts";
import { placeOrder } from "./messages/place-order.ts";
import { resell } from "./messages/resell.ts";
import { transfer } from "./messages/transfer.ts";
import { updateParams } from "./messages/update-params.ts";
import { forwardQueries } from "./queries.ts";
import { storeName } from "./state.ts";
import { sweep } from "./sweep.ts";
import type { ForwardPorts } from "./ports.ts";

export function forwardModule(ports: ForwardPorts): { readonly module: Module } {
  ports.organizations.onChange(followOrganization);
  const module = defineModule({
    name: "forward",
    stores: [storeName],
    consensusVersion: 1,
    messages: messageService(MsgDefinition, {
      placeOrder: placeOrder(ports), cancelOrder: cancelOrder(ports), resell: resell(ports), transfer: transfer(ports), accept: accept(ports), updateParams: updateParams(ports),
    }),
    queries: forwardQueries(ports),
    genesis,
    endBlock(ctx) {
      sweep(ctx, ports);
      clearBooks(ctx, ports);
      moveMandates(ctx, ports);
    },
    invariants: invariants(ports),
    errors,
  });
  return { module };
}
