/** An organization's forwards and requests for quotes on a real node, through a stock client: only its registry and amino converters are ours. */
import assert from "node:assert/strict";
import { DirectSecp256k1HdWallet, type EncodeObject } from "@cosmjs/proto-signing";
import { coins, SigningStargateClient, type DeliverTxResponse, type StdFee } from "@cosmjs/stargate";
import { after, before, describe, it } from "mocha";
import { MsgPlaceOrderResponse } from "../../../chain/codec/gen/dcm/forward/v1/tx.ts";
import { Side } from "../../../chain/codec/gen/dcm/forward/v1/types.ts";
import { MsgRequestQuotes, MsgRequestQuotesResponse } from "../../../chain/codec/gen/dcm/market/v1/tx.ts";
import { BudgetPeriod, Role } from "../../../chain/codec/gen/dcm/organization/v1/types.ts";
import { dcmAminoTypes } from "../../../client/amino.ts";
import { connect, type Connection } from "../../../client/connection.ts";
import { dcmRegistry } from "../../../client/registry.ts";
import { grantMessage } from "../../../client/session.ts";
import { addressOf, denom, gasPrice, prefix, useChain, type Person } from "./chain.ts";

const fee: StdFee = { amount: coins(1000, denom), gas: "400000" };
const requestQuotes = "/dcm.market.v1.MsgRequestQuotes";
const costTags = [{ key: "project", value: "maps" }, { key: "team", value: "ml" }];

interface Member {
  readonly address: string;
  readonly client: SigningStargateClient;
}

describe("an organization's forwards and quotes, with CosmJS", function () {
  this.timeout(90_000);
  const chain = useChain();
  let connection: Connection;
  before(async () => {
    connection = await connect(chain().rpc);
  });
  after(() => connection?.close());

  const member = async (name: Person, amino: boolean): Promise<Member> => ({
    address: await addressOf(name), client: await chain().client(name, { amino, registry: dcmRegistry(), ...(amino ? { aminoTypes: dcmAminoTypes() } : {}) }),
  });
  const send = ({ address, client }: Member, ...messages: readonly EncodeObject[]): Promise<DeliverTxResponse> => client.signAndBroadcast(address, messages, fee);
  const done = async (from: Member, ...messages: readonly EncodeObject[]): Promise<DeliverTxResponse> => {
    const result = await send(from, ...messages);
    assert.equal(result.code, 0, result.rawLog);
    return result;
  };
  const message = (module: string, type: string, value: object): EncodeObject => ({ typeUrl: `/dcm.${module}.v1.${type}`, value });

  /** A key that a member granted for requests, with a limit that one of them fits in. */
  async function sessionOf({ address, client }: Member, limit: string): Promise<{ readonly ask: (request: object) => Promise<DeliverTxResponse>; close(): void }> {
    const wallet = await DirectSecp256k1HdWallet.generate(12, { prefix });
    const [{ address: session, pubkey }] = (await wallet.getAccounts()) as unknown as [{ address: string; pubkey: Uint8Array }];
    const { tauMs } = await connection.query.clock.tau();
    const granted = await client.signAndBroadcast(address, [grantMessage(address, pubkey, [requestQuotes], { spendLimit: coins(limit, denom), periodMs: 0, lifetimeMs: 3_600_000 }, tauMs)], fee);
    assert.equal(granted.code, 0, granted.rawLog);
    const key = await SigningStargateClient.connectWithSigner(chain().rpc, wallet, { gasPrice, registry: dcmRegistry(), broadcastPollIntervalMs: 100 });
    return {
      ask: (request) => key.signAndBroadcast(session, [message("session", "MsgExecSession", { session, owner: address, messages: [{ typeUrl: requestQuotes, value: MsgRequestQuotes.encode(MsgRequestQuotes.fromPartial(request)).finish() }] })], { ...fee, granter: address }),
      close: () => key.disconnect(),
    };
  }

  for (const [organization, first, second, amino] of [["atlas", "karl", "lena", false], ["borea", "lena", "karl", true]] as const) {
    it(`pays for an order and a request within its budget, an owner ends both, all is back: signed ${amino ? "in amino JSON, as by a Ledger" : "directly"}`, async () => {
      const [owner, spender] = [await member(first, amino), await member(second, amino)];
      const funds = 50_000_000n;
      await done(
        owner, message("organization", "MsgCreateOrganization", { creator: owner.address, name: organization }),
        message("organization", "MsgDeposit", { sender: owner.address, organization, amount: coins(String(funds), denom) }),
        message("organization", "MsgSetBudget", { admin: owner.address, organization, budget: { denom, member: spender.address, tagKey: "team", tagValue: "ml", limit: String(funds), period: BudgetPeriod.BUDGET_PERIOD_TOTAL } }),
        message("organization", "MsgSetMember", { admin: owner.address, organization, member: spender.address, role: Role.ROLE_SPENDER }),
      );
      await done(spender, message("organization", "MsgAcceptMembership", { member: spender.address, organization }));
      const { params, tau } = await connection.query.forward.params({});
      const slotTau = (tau / params!.slotLength + 20n) * params!.slotLength;
      const order = { owner: spender.address, side: Side.SIDE_BUY, classId: "wasm.core", quoteDenom: denom, slotTau, slots: 2, units: 1, price: 1_000n, marginPrice: 0n, organization, costTags };
      const request = { requester: spender.address, classId: "wasm.core", quoteDenom: denom, resources: undefined, tasks: 1, lots: 1n, requirements: [], deadlineTau: 0n, organization, costTags };

      const untagged = await send(spender, message("forward", "MsgPlaceOrder", { ...order, costTags: [] }));
      assert.match(untagged.rawLog ?? "", /no budget of \w+ in udcm covers what \w+ spends with these cost tags/);
      const placed = await done(spender, message("forward", "MsgPlaceOrder", order), message("market", "MsgRequestQuotes", request));
      const { orderId } = MsgPlaceOrderResponse.decode(placed.msgResponses[0]!.value);
      const { requestId } = MsgRequestQuotesResponse.decode(placed.msgResponses[1]!.value);
      const { orders } = await connection.query.forward.orders({ organization });
      assert.deepEqual(orders.map(({ id, owner: by, organization: of, costTags: tags }) => [id, by, of, tags]), [orderId, orderId + 1n].map((id) => [id, spender.address, organization, costTags]));
      const { request: asked } = await connection.query.market.quoteRequest({ requestId });
      const account = (await connection.query.organization.organization({ name: organization })).organization!.address;
      assert.deepEqual([asked!.organization, asked!.payer, orders[0]!.payer], [organization, account, account]);
      const balance = async (): Promise<bigint> => BigInt((await owner.client.getBalance(account, denom)).amount);
      const left = async (): Promise<bigint> => BigInt((await connection.query.organization.budgets({ name: organization })).budgets[0]!.remaining);
      const held = funds - (await balance());
      assert.ok(held > 2n * 1_000n * orders[0]!.lots, `${held} held`);
      assert.equal(await left(), funds - held);

      const deposit = BigInt(asked!.storageDeposit);
      // Room for both fees, which count too, and for one deposit.
      const session = await sessionOf(spender, String(2n * (deposit + 1_000n) - 1n));
      try {
        const asking = await session.ask(request);
        assert.equal(asking.code, 0, asking.rawLog);
        const beyond = await session.ask(request);
        assert.deepEqual([beyond.code, /may cost/.test(beyond.rawLog ?? "")], [10, true], beyond.rawLog);
        const { request: second } = await connection.query.market.quoteRequest({ requestId: requestId + 1n });
        assert.deepEqual([second!.organization, await balance()], [organization, funds - held - deposit], "the organization's money counts");
        await done(owner, message("market", "MsgCancelRequest", { requester: owner.address, requestId: requestId + 1n }));
      } finally {
        session.close();
      }

      await done(owner, ...[orderId, orderId + 1n].map((id) => message("forward", "MsgCancelOrder", { owner: owner.address, orderId: id })), message("market", "MsgCancelRequest", { requester: owner.address, requestId }));
      for (let i = 0; i < 20 && (await connection.query.forward.orders({ organization })).orders.length > 0; i++) await chain().wait(1);
      assert.deepEqual([await balance(), await left()], [funds, funds]);
    });
  }
});
