import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { GenericAuthorization } from "../../codec/gen/cosmos/authz/v1beta1/authz.ts";
import { MsgPlaceBid } from "../../codec/gen/dcm/market/v1/tx.ts";
import { OrderStatus, type Ask, type Bid } from "../../codec/gen/dcm/market/v1/types.ts";
import { Router } from "../../runtime/router.ts";
import { authzModule } from "../authz/module.ts";
import { bidMessage, name, TestMarket } from "./testing.ts";

/** A market whose accounts grant each other their bids; gives what places a bid in the granter's name. */
function granted(): { m: TestMarket; bidFor: (granter: string, grantee: string, limit: bigint) => void } {
  const m = new TestMarket();
  const router = new Router();
  const { module } = authzModule({ accounts: m.ports.accounts, bank: m.ports.bank, messages: router });
  m.join(module, module.genesis!.defaults());
  router.bind(m.modules);
  const bidFor = (granter: string, grantee: string, limit: bigint): void => {
    const authorization = { typeUrl: `/${GenericAuthorization.$type}`, value: GenericAuthorization.encode({ msg: `/${MsgPlaceBid.$type}` }).finish() };
    m.send("/cosmos.authz.v1beta1.MsgGrant", { granter, grantee, grant: { authorization, expiration: undefined } });
    m.send("/cosmos.authz.v1beta1.MsgExec", { grantee, msgs: [{ typeUrl: `/${MsgPlaceBid.$type}`, value: MsgPlaceBid.encode(bidMessage(granter, limit)).finish() }] });
  };
  return { m, bidFor };
}

const bidOf = (m: TestMarket, id: bigint): Bid => m.query<{ bid: Bid }>("Job", { jobId: id }).bid;

describe("orders through grants", () => {
  it("MKT-13: what grantees place is their granter's order: it never trades with an ask of the granter, whoever signed", () => {
    const { m, bidFor } = granted();
    const provider = m.provider("p");
    m.fund("p");
    const askId = m.ask(provider, 5n);
    bidFor(provider, name("g1"), 9n);
    bidFor(provider, name("g2"), 8n);
    m.block(1_000n, 2);
    for (const id of [1n, 2n]) assert.deepEqual([bidOf(m, id).consumer, bidOf(m, id).status], [provider, OrderStatus.ORDER_STATUS_SELF_TRADE]);
    assert.equal(m.query<{ ask: Ask }>("Ask", { askId }).ask.freeUnits, 1);
  });

  it("MKT-13: an ask of the grantee's own is another account's to the batch", () => {
    const { m, bidFor } = granted();
    const provider = m.provider("p");
    m.ask(provider, 5n);
    bidFor(m.fund("c"), provider, 9n);
    m.block(1_000n, 2);
    assert.equal(bidOf(m, 1n).status, OrderStatus.ORDER_STATUS_FILLED);
  });
});
