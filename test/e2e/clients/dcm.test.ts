/** dcm's own messages and queries through a stock client: its registry and its amino converters are all that is added. */
import assert from "node:assert/strict";
import { coins, type StdFee } from "@cosmjs/stargate";
import { describe, it } from "mocha";
import { dcmAminoTypes } from "../../../client/amino.ts";
import { connect } from "../../../client/connection.ts";
import { dcmRegistry } from "../../../client/registry.ts";
import { addressOf, denom, funds, useChain } from "./chain.ts";

const fee: StdFee = { amount: coins(1000, denom), gas: "400000" };
const register = (operator: string, amount: bigint): { typeUrl: string; value: object } => ({
  typeUrl: "/dcm.staking.v1.MsgRegisterProvider",
  value: {
    operator,
    profile: { moniker: "A & B <c>", endpoints: ["https://provider.example:8443"], encryptionKey: new Uint8Array(32).fill(7), attributes: [{ key: "region", value: "eu" }], organization: "" },
    bond: { denom, amount: String(amount) },
  },
});

describe("dcm's messages through a stock SigningStargateClient", function () {
  this.timeout(60_000);
  const chain = useChain();

  for (const [name, amino] of [["carol", false], ["dave", true]] as const) {
    it(`are signed ${amino ? "in amino JSON, as by a Ledger" : "directly"}, simulated, executed and found`, async () => {
      const operator = await addressOf(name);
      const client = await chain().client(name, { amino, registry: dcmRegistry(), ...(amino ? { aminoTypes: dcmAminoTypes() } : {}) });
      const connection = await connect(chain().rpc);
      const { params } = await connection.query.providers.params();
      const bond = BigInt(params!.minBond);
      assert.ok(bond < funds, "the test's accounts are too poor to be providers");
      const message = register(operator, bond);
      const result = await client.signAndBroadcast(operator, [message], "auto");
      assert.equal(result.code, 0, result.rawLog);
      assert.deepEqual(result.msgResponses.map(({ typeUrl }) => typeUrl), ["/dcm.staking.v1.MsgRegisterProviderResponse"]);
      assert.ok(result.events.some(({ type, attributes }) => type.startsWith("dcm.staking.v1.") && attributes.some(({ value }) => value.includes(operator))), JSON.stringify(result.events.map(({ type }) => type)));
      assert.ok((await client.searchTx([{ key: "message.action", value: "/dcm.staking.v1.MsgRegisterProvider" }, { key: "message.sender", value: operator }])).length === 1);
      const { provider } = await connection.query.providers.provider({ operator });
      assert.equal(provider?.profile?.moniker, "A & B <c>");
      connection.close();
      // A second time it is refused, in the module's codespace.
      const again = await client.signAndBroadcast(operator, [message], fee);
      assert.ok(again.code > 1);
      assert.match(again.rawLog ?? "", new RegExp(`failed to execute message; message index: 0: .*${operator}`));
    });
  }

  it("are refused before they cost anything, where they can never be right", async () => {
    const operator = await addressOf("kim");
    const client = await chain().client("kim", { registry: dcmRegistry() });
    await assert.rejects(client.signAndBroadcastSync(operator, [{ typeUrl: "/dcm.staking.v1.MsgBond", value: { operator, amount: { denom, amount: "0" } } }], fee), /Broadcasting transaction failed with code \d+ \(codespace: [a-z.]+\)/);
    await assert.rejects(client.signAndBroadcastSync(operator, [{ typeUrl: "/dcm.market.v1.MsgUpdateParams", value: { authority: operator } }], fee), /code \d+ \(codespace: \w+\)/);
  });

  it("are served over REST, in the same shapes as the SDK's", async () => {
    const answer = await fetch(`${chain().rest}/dcm/market/v1/params`);
    assert.equal(answer.status, 200, `status ${answer.status}`);
    assert.ok("params" in ((await answer.json()) as object));
  });
});
