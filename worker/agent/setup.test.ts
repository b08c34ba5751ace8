import assert from "node:assert/strict";
import { beforeEach, describe, it } from "mocha";
import type { EncodeObject } from "@cosmjs/proto-signing";
import { Ask, OrderStatus, Term } from "../../chain/codec/gen/dcm/market/v1/types.ts";
import { MsgPlaceAskResponse } from "../../chain/codec/gen/dcm/market/v1/tx.ts";
import type { Profile } from "../../chain/codec/gen/dcm/staking/v1/types.ts";
import type { Connection } from "../../client/connection.ts";
import type { Sender } from "../../client/sender.ts";
import { ensureAsk, ensureProvider, type ProviderProfile } from "./setup.ts";

const me = "dcm1me";
const profile: ProviderProfile = { moniker: "mine", dataUrl: "http://a.example", encryptionKey: new Uint8Array(32).fill(1), bond: 5_000_000n };
const terms = { classId: "wasm.core", quoteDenom: "udcm", price: 100n, units: 4 };

describe("what a worker sets up on chain", () => {
  let known: Profile | undefined;
  let asks: Ask[];
  let answers: boolean;
  let sent: EncodeObject[];

  const connection = {
    query: {
      providers: {
        provider: () => {
          if (!answers) return Promise.reject(new Error("fetch failed"));
          return known === undefined ? Promise.reject(new Error(`provider ${me} not found`)) : Promise.resolve({ provider: { profile: known } });
        },
        params: () => Promise.resolve({ params: { bondDenom: "udcm" } }),
      },
      market: { asks: () => Promise.resolve({ asks }) },
    },
  } as unknown as Connection;
  const sender = {
    address: me,
    send: (message: EncodeObject) => {
      sent.push(message);
      return Promise.resolve({ response: { value: MsgPlaceAskResponse.encode({ askId: 9n }).finish() } });
    },
  } as unknown as Sender;
  const kinds = (): string[] => sent.map(({ typeUrl }) => typeUrl.split(".").at(-1)!);

  beforeEach(() => {
    known = undefined;
    asks = [];
    answers = true;
    sent = [];
  });

  it("registers with bond, key and address; the second time nothing is to be done", async () => {
    assert.equal(await ensureProvider(connection, sender, profile), "registered");
    const { value } = sent[0] as { value: { profile: Profile; bond: object } };
    assert.deepEqual(value.bond, { denom: "udcm", amount: "5000000" });
    known = value.profile;
    assert.equal(await ensureProvider(connection, sender, profile), "unchanged");
    assert.deepEqual(kinds(), ["MsgRegisterProvider"]);
  });

  it("edits the profile where any part of it changed", async () => {
    await ensureProvider(connection, sender, profile);
    known = (sent[0] as { value: { profile: Profile } }).value.profile;
    const changes: Partial<ProviderProfile>[] = [{ moniker: "other" }, { dataUrl: "http://b.example" }, { encryptionKey: new Uint8Array(32).fill(2) }, { organization: "house" }, { attributes: { region: "eu" } }];
    for (const change of changes) assert.equal(await ensureProvider(connection, sender, { ...profile, ...change }), "edited", Object.keys(change)[0]);
  });

  it("does not take a node that does not answer for a provider that is not there", async () => {
    answers = false;
    await assert.rejects(ensureProvider(connection, sender, profile), /fetch failed/);
    assert.deepEqual(sent, []);
  });

  const ask = (change: Partial<Ask>): Ask => Ask.fromPartial({ id: 3n, provider: me, classId: "wasm.core", quoteDenom: "udcm", basePrice: 100n, units: 4, term: Term.TERM_SPOT, status: OrderStatus.ORDER_STATUS_OPEN, ...change });

  it("keeps an ask with its terms, replaces one with others, leaves other books alone", async () => {
    asks = [ask({ id: 2n, classId: "wasm.other", basePrice: 7n }), ask({})];
    assert.equal(await ensureAsk(connection, sender, terms), 3n);
    assert.deepEqual(kinds(), []);
    assert.equal(await ensureAsk(connection, sender, { ...terms, units: 5 }), 9n);
    assert.deepEqual(kinds(), ["MsgCancelAsk", "MsgPlaceAsk"]);
    assert.equal((sent[0] as { value: { askId: bigint } }).value.askId, 3n);
  });

  it("replaces an ask where only the price or premiums are others", async () => {
    await ensureProvider(connection, sender, { ...profile, attributes: { zone: "eu", gpu: "h100" } });
    known = (sent[0] as { value: { profile: Profile } }).value.profile;
    sent = [];
    asks = [ask({})];
    assert.equal(await ensureAsk(connection, sender, { ...terms, price: 101n, premiums: { zone: 5n } }), 3n);
    assert.deepEqual(kinds(), ["MsgReplaceAsk"]);
    const { value } = sent[0] as { value: { basePrice: bigint; premiums: object } };
    assert.deepEqual([value.basePrice, value.premiums], [101n, [{ attribute: { key: "zone", value: "eu" }, price: 5n }]]);
    await assert.rejects(ensureAsk(connection, sender, { ...terms, premiums: { tee: 1n } }), /a price for tee, which the provider does not declare/);
  });

  it("leaves asks that are promised to one account alone, even at its own terms", async () => {
    asks = [ask({ id: 2n, reservedFor: "dcm1other" }), ask({ id: 4n, basePrice: 7n, reservedFor: "dcm1other", positionId: 1n })];
    assert.equal(await ensureAsk(connection, sender, terms), 9n);
    assert.deepEqual(kinds(), ["MsgPlaceAsk"]);
  });

  it("places an expired ask again", async () => {
    asks = [ask({ status: OrderStatus.ORDER_STATUS_EXPIRED })];
    assert.equal(await ensureAsk(connection, sender, terms, true), 9n);
    assert.deepEqual(kinds(), ["MsgPlaceAsk"]);
  });

  it("leaves an ask that shrank for lack of bond where it is, unless it is set up anew", async () => {
    asks = [ask({ units: 2 })];
    assert.equal(await ensureAsk(connection, sender, terms, true), 3n);
    assert.deepEqual(kinds(), []);
    assert.equal(await ensureAsk(connection, sender, terms), 9n);
    assert.deepEqual(kinds(), ["MsgCancelAsk", "MsgPlaceAsk"]);
  });
});
