/** Proofs of what is and of what is not, verified with the stock ICS-23 specs against the app hash in the next header. */
import assert from "node:assert/strict";
import { ics23, iavlSpec, tendermintSpec, verifyExistence, verifyNonExistence } from "@confio/ics23";
import { fromBech32, toHex, toUtf8 } from "@cosmjs/encoding";
import { Comet38Client, type comet38 } from "@cosmjs/tendermint-rpc";
import { BaseAccount } from "cosmjs-types/cosmos/auth/v1beta1/auth";
import { Any } from "cosmjs-types/google/protobuf/any";
import { after, before, describe, it } from "mocha";
import { addressOf, denom, funds, useChain } from "./chain.ts";

/** The SDK's keys: accounts under 1, balances under 2. */
const accountKey = (address: Uint8Array): Uint8Array => Uint8Array.of(1, ...address);
const balanceKey = (address: Uint8Array, of: string): Uint8Array => Uint8Array.of(2, address.length, ...address, ...toUtf8(of));

describe("a proof that a stock light client asks for", function () {
  this.timeout(60_000);
  const chain = useChain();
  let comet: Comet38Client;
  let rupert: Uint8Array;
  let nobody: Uint8Array;

  before(async () => {
    comet = await Comet38Client.connect(chain().rpc);
    rupert = fromBech32(await addressOf("rupert")).data;
    nobody = fromBech32(await addressOf(130)).data;
  });
  after(() => comet?.disconnect());

  async function prove(store: string, key: Uint8Array, height?: number): Promise<comet38.AbciQueryResponse> {
    const response = await comet.abciQuery({ path: `/store/${store}/key`, data: key, prove: true, ...(height === undefined ? {} : { height }) });
    assert.equal(response.code, 0, response.log);
    assert.deepEqual(response.key, key);
    return response;
  }

  /** As CosmJS did in queryStoreVerified: the value in its store, the store's root in the app hash of the header after the height. */
  async function verify(store: string, key: Uint8Array, response: comet38.AbciQueryResponse): Promise<"there" | "absent"> {
    const [inner, outer, ...more] = response.proof?.ops ?? [];
    assert.deepEqual([inner?.type, outer?.type, more.length], ["ics23:iavl", "ics23:simple", 0]);
    assert.deepEqual([inner!.key, outer!.key], [key, toUtf8(store)]);
    const ofStore = ics23.CommitmentProof.decode(outer!.data).exist as ics23.IExistenceProof;
    const { exist, nonexist } = ics23.CommitmentProof.decode(inner!.data);
    while ((await comet.status()).syncInfo.latestBlockHeight <= response.height!) await chain().wait(1);
    const { appHash } = (await comet.block(response.height! + 1)).block.header;
    const root = ofStore.value!;
    verifyExistence(ofStore, tendermintSpec, appHash, toUtf8(store), root);
    if (response.value.length > 0) {
      verifyExistence(exist!, iavlSpec, root, key, response.value);
      return "there";
    }
    verifyNonExistence(nonexist!, iavlSpec, root, key);
    return "absent";
  }

  it("covers a balance and its absence", async () => {
    const key = balanceKey(rupert, denom);
    const proven = await prove("bank", key);
    assert.equal(Buffer.from(proven.value).toString(), String(funds));
    assert.equal(await verify("bank", key, proven), "there");
    for (const absent of [Uint8Array.of(0), balanceKey(rupert, "aaa"), balanceKey(rupert, "zzz"), balanceKey(nobody, denom)]) assert.equal(await verify("bank", absent, await prove("bank", absent)), "absent", toHex(absent));
  });

  it("covers an account and its absence, also beyond the first and the last key", async () => {
    const key = accountKey(rupert);
    const proven = await prove("acc", key);
    assert.equal(BaseAccount.decode(Any.decode(proven.value).value).address, await addressOf("rupert"));
    assert.equal(await verify("acc", key, proven), "there");
    for (const absent of [accountKey(nobody), new Uint8Array(40).fill(255)]) assert.equal(await verify("acc", absent, await prove("acc", absent)), "absent", toHex(absent));
  });

  it("covers a height of the past, and follows what changes", async () => {
    const address = await addressOf("rupert");
    const client = await chain().client("rupert");
    const { height, code } = await client.sendTokens(address, await addressOf("sybil"), [{ denom, amount: "5" }], { amount: [{ denom, amount: "500" }], gas: "200000" });
    assert.equal(code, 0);
    const key = balanceKey(rupert, denom);
    const before = await prove("bank", key, height - 1);
    const then = await prove("bank", key, height);
    assert.deepEqual([before, then].map(({ value }) => BigInt(Buffer.from(value).toString())), [funds, funds - 505n]);
    for (const response of [before, then]) assert.equal(await verify("bank", key, response), "there");
  });

  it("fails where value, key or header is another", async () => {
    const key = balanceKey(rupert, "token");
    const proven = await prove("bank", key);
    await assert.rejects(verify("bank", key, { ...proven, value: toUtf8("999999") }));
    await assert.rejects(verify("bank", key, { ...proven, value: new Uint8Array(0) }));
    await assert.rejects(verify("acc", key, proven));
    await assert.rejects(verify("bank", key, { ...proven, height: 1 }));
  });

  it("is refused for stores and keys that cannot be there", async () => {
    const response = await comet.abciQuery({ path: "/store/nothing/key", data: Uint8Array.of(1), prove: true });
    assert.deepEqual([response.codespace, response.code, response.log], ["store", 4, "no such store: nothing: unknown request"]);
    const empty = await comet.abciQuery({ path: "/store/bank/key", data: new Uint8Array(0), prove: true });
    assert.deepEqual([empty.codespace, empty.code, empty.log], ["store", 3, "query cannot be zero length: tx parse error"]);
    const long = await comet.abciQuery({ path: "/store/bank/key", data: new Uint8Array(100_000), prove: true });
    assert.deepEqual([long.codespace, long.code, long.log], ["sdk", 18, "a key has at most 65535 bytes, this one has 100000: invalid request"]);
    assert.equal((await comet.abciQuery({ path: "/store/bank/subspace", data: Uint8Array.of(1) })).code, 6);
  });
});
