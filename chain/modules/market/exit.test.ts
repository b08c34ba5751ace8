import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { anyOf, testAccount } from "../../../test/support/accounts.ts";
import { TestChain, testDenom } from "../../../test/support/chain.ts";
import { MsgPlaceAsk } from "../../codec/gen/dcm/market/v1/tx.ts";
import { QueryBookRequest, QueryBookResponse } from "../../codec/gen/dcm/market/v1/query.ts";
import { GenesisState as ProvidersGenesis } from "../../codec/gen/dcm/staking/v1/genesis.ts";
import { MsgRegisterProvider, MsgRetireProvider } from "../../codec/gen/dcm/staking/v1/tx.ts";
import { toJson } from "../../codec/proto-json.ts";
import { defaultParams } from "../staking/providers/params.ts";
import { profileOf } from "../staking/providers/testing.ts";

describe("a provider that leaves", () => {
  it("MKT-54: is gone with its last payment, though its asks stood for another month: the real modules together", async () => {
    const ann = testAccount("ann");
    const providers = ProvidersGenesis.fromPartial({ params: { ...defaultParams(), unbondingTimeMs: 10_000n }, nextUnbondingId: 1n });
    const chain = await TestChain.start({
      appState: {
        auth: { accounts: [{ "@type": "/cosmos.auth.v1beta1.BaseAccount", address: ann.text }] },
        bank: { balances: [{ address: ann.text, coins: [{ denom: testDenom, amount: "100000000" }] }] },
        providers: toJson(`/${ProvidersGenesis.$type}`, ProvidersGenesis.encode(providers).finish()),
      },
    });
    const send = (...messages: ReturnType<typeof anyOf>[]): string[] => {
      const { txResults, events } = chain.block([chain.sign(ann, messages)]);
      assert.equal(txResults[0]!.code, 0, txResults[0]!.log);
      return [...txResults[0]!.events, ...events].map(({ type }) => type);
    };
    const openAsks = (): bigint => QueryBookResponse.decode(chain.machine.query("/dcm.market.v1.Query/Book", QueryBookRequest.encode({ classId: "wasm.core", quoteDenom: testDenom, levels: 1, profileId: 0 }).finish())).book!.openAsks;
    const ask = (basePrice: bigint) => anyOf(MsgPlaceAsk, MsgPlaceAsk.fromPartial({ provider: ann.text, classId: "wasm.core", quoteDenom: testDenom, basePrice, units: 2 }));
    send(anyOf(MsgRegisterProvider, { operator: ann.text, profile: profileOf(), bond: { denom: testDenom, amount: "50000000" } }), ask(10n), ask(11n), ask(12n));
    assert.equal(openAsks(), 3n);
    const events = send(anyOf(MsgRetireProvider, { operator: ann.text }));
    assert.ok(events.includes("dcm.staking.v1.EventUnbondingStarted"), events.join(" "));
    assert.equal(openAsks(), 0n);
    const later = [chain.block(), chain.block(), chain.block()].flatMap((block) => block.events.map(({ type }) => type));
    assert.ok(later.includes("dcm.staking.v1.EventProviderLeft"), later.join(" "));
    await chain.stop();
  });
});
