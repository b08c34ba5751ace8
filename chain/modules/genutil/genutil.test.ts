import assert from "node:assert/strict";
import { utf8 } from "../../codec/bytes.ts";
import { TxRaw } from "../../codec/gen/cosmos/tx/v1beta1/tx.ts";
import { genesisTransactions } from "./module.ts";

const message = {
  "@type": "/cosmos.staking.v1beta1.MsgCreateValidator",
  description: { moniker: "v", identity: "", website: "", security_contact: "", details: "" },
  commission: { rate: "0.100000000000000000", max_rate: "0.200000000000000000", max_change_rate: "0.010000000000000000" },
  min_self_delegation: "1", delegator_address: "", validator_address: "dcmvaloper1x",
  pubkey: { "@type": "/cosmos.crypto.ed25519.PubKey", key: Buffer.alloc(32, 1).toString("base64") },
  value: { denom: "udcm", amount: "1000000" },
};
const tx = (messages: readonly object[]) => ({
  body: { messages, memo: "", timeout_height: "0", extension_options: [], non_critical_extension_options: [] },
  auth_info: { signer_infos: [], fee: { amount: [], gas_limit: "200000", payer: "", granter: "" } },
  signatures: [Buffer.alloc(64).toString("base64")],
});
const section = (entry: unknown) => ({ genTxs: [utf8(JSON.stringify(entry))] });

describe("genutil", () => {
  it("encodes genesis transactions as they were signed", () => {
    const [bytes] = genesisTransactions(section(tx([message])));
    assert.equal(TxRaw.decode(bytes!).signatures.length, 1);
  });

  it("names the entry that is no genesis transaction", () => {
    assert.throws(() => genesisTransactions(section(tx([]))), /genutil\.gen_txs\[0\]: a genesis transaction has a /);
    assert.throws(() => genesisTransactions(section({ body: 5 })), /genutil\.gen_txs\[0\]: /);
    assert.throws(() => genesisTransactions({ genTxs: [utf8("{")] }), /genutil\.gen_txs\[0\]: /);
  });
});
