import assert from "node:assert/strict";
import { concatBytes } from "../../chain/codec/bytes.ts";
import { ExecTxResult } from "../../chain/codec/gen/tendermint/abci/types.ts";
import { StoredAccount, baseDetails, encodeAccount } from "../../chain/modules/auth/accounts.ts";
import { accounts } from "../../chain/modules/auth/state.ts";
import { balances } from "../../chain/modules/bank/state.ts";
import type { ChangeSet } from "../../chain/store/overlay.ts";
import { testAccount } from "../support/accounts.ts";
import { traceFault } from "./audit.ts";
import { indexFault } from "./indexed.ts";
import { simulate } from "./simulation.ts";
import { difference, type Outcome } from "./replica.ts";

const [a, b] = [testAccount("0"), testAccount("1")];
const account = (sequence: bigint, accountNumber = 1n): Uint8Array => encodeAccount(new StoredAccount(a.text, undefined, accountNumber, sequence, baseDetails));
const accountKey = concatBytes(accounts.prefix, a.address);
const balanceKey = (address: Uint8Array): Uint8Array => concatBytes(balances.prefix, Uint8Array.of(address.length), address, Uint8Array.of(1));
const state = { store: () => ({ get: (key: Uint8Array) => (key.length === accountKey.length ? account(4n) : undefined), has: () => false, *iterate() {} }) };
const charged = ExecTxResult.fromPartial({ code: 5, events: [{ type: "tx", attributes: [{ key: "fee", value: "7udcm" }, { key: "fee_payer", value: a.text }] }] });
const refused = ExecTxResult.fromPartial({ code: 32 });
const writes = (store: string, key: Uint8Array, value: Uint8Array): ChangeSet => [[store, [[key, value]]]];

describe("the judges of simulations", () => {
  it("let a failed transaction write its fee and its sequence", () => {
    assert.equal(traceFault(state, [], [], refused), undefined);
    assert.equal(traceFault(state, [], writes("acc", accountKey, account(5n)), charged), undefined);
    assert.equal(traceFault(state, [], writes("bank", balanceKey(a.address), Uint8Array.of(49)), charged), undefined);
  });

  it("find what else a failed transaction wrote", () => {
    assert.match(traceFault(state, [], writes("acc", accountKey, account(5n)), refused) ?? "", /refused before its fee/);
    assert.match(traceFault(state, [], writes("acc", accountKey, account(5n, 2n)), charged) ?? "", /beyond its sequence/);
    assert.match(traceFault(state, [], writes("acc", accountKey, account(6n)), charged) ?? "", /beyond its sequence/);
    assert.match(traceFault(state, [], writes("bank", balanceKey(b.address), Uint8Array.of(49)), charged) ?? "", /wrote bank/);
    assert.match(traceFault(state, [], writes("market", Uint8Array.of(1), Uint8Array.of(1)), charged) ?? "", /wrote market/);
    assert.match(traceFault(state, writes("clock", Uint8Array.of(1), Uint8Array.of(1)), [], charged) ?? "", /wrote clock/, "a write that it prevented");
  });

  it("find an account that nobody finds an event by", () => {
    const event = (type: string, key: string, value: string) => [{ type, attributes: [{ key, value, index: true }] }];
    assert.equal(indexFault([...event("dcm.market.v1.EventTaskChanged", "consumer", a.text), ...event("dcm.market.v1.EventTaskChanged", "price", "7"), ...event("transfer", "whoever", a.text)]), undefined);
    assert.match(indexFault(event("dcm.market.v1.EventTaskChanged", "whoever", a.text)) ?? "", /EventTaskChanged.whoever is an account/);
  });

  it("name the first part in which two machines differ", () => {
    const one: Outcome = { appHash: "00", txs: ["aa", "bb"], block: "cc" };
    assert.equal(difference(one, { ...one }), undefined);
    assert.equal(difference(one, { ...one, txs: ["aa", "bc"] }), "the result of transaction 1");
    assert.equal(difference(one, { ...one, txs: ["aa", "bb", "bb"] }), "the number of results");
    assert.match(difference(one, { ...one, block: "" }) ?? "", /events/);
    assert.equal(difference(one, { ...one, appHash: "01" }), "the app hash");
  });

  it("see the same run twice from the same seed and from its plan", async function () {
    this.timeout(60_000);
    const options = { seed: "twice", blocks: 4, audits: 0, roundTrip: false };
    const first = await simulate(options);
    assert.deepEqual((await simulate(options)).appHashes, first.appHashes);
    assert.deepEqual((await simulate({ ...options, plan: first.plan })).appHashes, first.appHashes);
    assert.notDeepEqual((await simulate({ ...options, seed: "other" })).appHashes, first.appHashes);
  });
});
