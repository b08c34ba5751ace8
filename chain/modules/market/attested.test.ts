/** Attestations and the market over the real application: an auditor's word opens a book to a provider, and closes it when the word is withdrawn or runs out. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { anyOf, testAccount, type TestAccount } from "../../../test/support/accounts.ts";
import { TestChain, testDenom } from "../../../test/support/chain.ts";
import { toJson } from "../../codec/proto-json.ts";
import { GenesisState as AuditorsGenesis } from "../../codec/gen/dcm/auditor/v1/genesis.ts";
import { MsgAttest, MsgRegisterAuditor, MsgRevokeAttestation } from "../../codec/gen/dcm/auditor/v1/tx.ts";
import { QueryTauResponse } from "../../codec/gen/dcm/clock/v1/query.ts";
import { GenesisState as MarketGenesis } from "../../codec/gen/dcm/market/v1/genesis.ts";
import { MsgCancelBid, MsgPlaceAsk, MsgPlaceBid, MsgRegisterProfile } from "../../codec/gen/dcm/market/v1/tx.ts";
import { MsgRegisterProvider } from "../../codec/gen/dcm/staking/v1/tx.ts";
import type { Any } from "../../codec/gen/google/protobuf/any.ts";
import { defaultParams as auditorParams } from "../staking/auditors/params.ts";
import { profileOf } from "../staking/providers/testing.ts";
import { cpuSmall, wasmCore } from "./classes.ts";
import { localnetParams } from "./params.ts";
import { bidMessage } from "./testing.ts";
import type { BlockResult } from "../../runtime/machine.ts";

const [provider, auditor, consumer] = ["attested provider", "its auditor", "a careful consumer"].map(testAccount) as [TestAccount, TestAccount, TestAccount];
const zone = { key: "zone", value: "a" };

describe("a bid that wants an attribute attested", () => {
  let chain: TestChain;
  before(async () => {
    const accreditations = [{ auditor: auditor.text, keys: ["zone"], grantedTauMs: 0n, expiresTauMs: 10n ** 12n }];
    const auditors = AuditorsGenesis.fromPartial({ params: auditorParams(), accreditations, nextUnbondingId: 1n });
    chain = await TestChain.start({
      appState: {
        auth: { accounts: [provider, auditor, consumer].map(({ text }) => ({ "@type": "/cosmos.auth.v1beta1.BaseAccount", address: text })) },
        bank: { balances: [provider, auditor, consumer].map(({ text }) => ({ address: text, coins: [{ denom: testDenom, amount: "10000000000" }] })) },
        auditors: toJson(`/${AuditorsGenesis.$type}`, AuditorsGenesis.encode(auditors).finish()),
        market: toJson(`/${MarketGenesis.$type}`, MarketGenesis.encode(MarketGenesis.fromPartial({
          params: [{ version: 1n, params: { ...localnetParams(), profileDeposit: 1_000n } }], classes: [{ ...cpuSmall() }, { ...wasmCore(), maxLotMs: 100n }], nextAskId: 1n, nextJobId: 1n, nextLeaseId: 1n, nextRequestId: 1n,
        })).finish()),
      },
    });
    chain.block();
  });
  after(() => chain.stop());

  let events: BlockResult["events"] = [];
  const block = (txs: readonly Uint8Array[] = []): BlockResult => {
    const result = chain.block(txs);
    events = [...events, ...result.events];
    return result;
  };
  const run = (from: TestAccount, ...messages: readonly Any[]): void => {
    const [result] = block([chain.sign(from, messages)]).txResults;
    assert.equal(result!.code, 0, result!.log);
  };
  const tau = (): bigint => QueryTauResponse.decode(chain.machine.query("/dcm.clock.v1.Query/Tau", new Uint8Array(0))).tauMs;
  /** Whether the bid has a lease now or two blocks later; forgets what happened before. */
  const isMatched = (bidId: bigint): boolean => {
    block();
    block();
    const leases = events.filter(({ type }) => type === "dcm.market.v1.EventLeaseCreated").map(({ attributes }) => attributes.find(({ key }) => key === "bid_id")!.value);
    events = [];
    return leases.includes(String(bidId));
  };
  const attest = (ms: bigint): Any => anyOf(MsgAttest, { auditor: auditor.text, provider: provider.text, ...zone, expiresTauMs: tau() + ms, evidenceHash: new Uint8Array(32).fill(1), evidenceUrl: "" });
  const bid = (): void => run(consumer, anyOf(MsgPlaceBid, bidMessage(consumer.text, 100n, { profileId: 1, quoteDenom: testDenom })));
  const cancel = (jobId: bigint): void => run(consumer, anyOf(MsgCancelBid, { consumer: consumer.text, jobId }));

  it("MKT-67: waits for an auditor's word, is matched by it, and no longer once it is withdrawn or has run out (AUD-7, AUD-11, AUD-16)", () => {
    run(provider, anyOf(MsgRegisterProvider, { operator: provider.text, profile: profileOf({ attributes: [zone] }), bond: { denom: testDenom, amount: "5000000000" } }));
    run(provider, anyOf(MsgPlaceAsk, MsgPlaceAsk.fromPartial({ provider: provider.text, classId: "wasm.core", quoteDenom: testDenom, basePrice: 10n, units: 8, premiums: [{ attribute: zone, price: 1n }] })));
    run(consumer, anyOf(MsgRegisterProfile, { registrant: consumer.text, classId: "wasm.core", quoteDenom: testDenom, requirements: [{ attribute: zone, attested: true, auditors: [auditor.text] }], preferences: [] }));
    run(auditor, anyOf(MsgRegisterAuditor, { auditor: auditor.text, profile: { moniker: "argus", url: "" }, bond: { denom: testDenom, amount: "10000000" } }));
    block();

    bid();
    assert.equal(isMatched(1n), false, "the provider's own word");
    run(auditor, attest(10n ** 9n));
    assert.equal(isMatched(1n), true, "attested");

    run(auditor, anyOf(MsgRevokeAttestation, { sender: auditor.text, auditor: auditor.text, provider: provider.text, key: zone.key, reason: "moved" }));
    bid();
    assert.equal(isMatched(2n), false, "withdrawn");
    cancel(2n);

    run(auditor, attest(40_000n));
    bid();
    assert.equal(isMatched(3n), true, "attested anew");
    for (let i = 0; i < 8; i++) block();
    assert.ok(events.some(({ type }) => type === "dcm.auditor.v1.EventAttestationExpired"));
    bid();
    assert.equal(isMatched(4n), false, "run out");
  });
});
