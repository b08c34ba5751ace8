/** What stock messages cost, as CosmJS simulates them and as a block executes them. */
import assert from "node:assert/strict";
import type { EncodeObject } from "@cosmjs/proto-signing";
import { coin, coins, GasPrice, QueryClient, setupStakingExtension, type DeliverTxResponse, type SigningStargateClient } from "@cosmjs/stargate";
import { connectComet, type CometClient } from "@cosmjs/tendermint-rpc";
import { MsgWithdrawDelegatorReward } from "cosmjs-types/cosmos/distribution/v1beta1/tx";
import { MsgCancelUnbondingDelegation } from "cosmjs-types/cosmos/staking/v1beta1/tx";
import { after, before, describe, it } from "mocha";
import { addressOf, denom, useChain } from "./chain.ts";

/** So much of all stake that a transaction's fee is a reward of some units for it. */
const stake = coin(100_000_000, denom);
/** Of its own: another file looks for a transaction by its fee. */
const gasPrice = GasPrice.fromString(`0.003${denom}`);
/** CosmJS asks for so much more gas than it simulated, where the fee is "auto". */
const auto = 1.4;

interface Cost {
  /** Without a fee, as CosmJS does. */
  readonly simulated: number;
  readonly used: number;
}

describe("the gas of stock messages", function () {
  this.timeout(60_000);
  const chain = useChain();
  let comet: CometClient;
  let validator: string;
  let sven: string;
  let other: string;
  let direct: SigningStargateClient;
  let amino: SigningStargateClient;
  let creationHeight = 0n;
  const costs: Record<string, Cost> = {};
  before(async () => {
    comet = await connectComet(chain().rpc);
    [sven, other] = await Promise.all([addressOf("sven"), addressOf(190)]) as [string, string];
    [direct, amino] = await Promise.all([chain().client("sven", { gasPrice }), chain().client("sven", { amino: true })]);
    validator = (await QueryClient.withExtensions(comet, setupStakingExtension).staking.validators("BOND_STATUS_BONDED")).validators[0]!.operatorAddress;
  });
  after(() => comet?.disconnect());

  const staking = (name: string, more: object = {}): EncodeObject => ({ typeUrl: `/cosmos.staking.v1beta1.${name}`, value: { delegatorAddress: sven, validatorAddress: validator, amount: stake, ...more } });
  const messages = {
    send: () => ({ typeUrl: "/cosmos.bank.v1beta1.MsgSend", value: { fromAddress: sven, toAddress: other, amount: coins(5, denom) } }),
    delegate: () => staking("MsgDelegate"),
    withdraw: () => ({ typeUrl: MsgWithdrawDelegatorReward.typeUrl, value: MsgWithdrawDelegatorReward.fromPartial({ delegatorAddress: sven, validatorAddress: validator }) }),
    undelegate: () => staking("MsgUndelegate"),
    // Nothing stays on its way out: other files count that.
    cancel: () => ({ typeUrl: MsgCancelUnbondingDelegation.typeUrl, value: MsgCancelUnbondingDelegation.fromPartial({ delegatorAddress: sven, validatorAddress: validator, amount: stake, creationHeight }) }),
  } satisfies Record<string, () => EncodeObject>;
  const names = Object.keys(messages) as (keyof typeof messages)[];

  async function broadcast(message: EncodeObject): Promise<DeliverTxResponse> {
    const result = await direct.signAndBroadcast(sven, [message], "auto");
    assert.equal(result.code, 0, result.rawLog);
    return result;
  }
  /** As far apart as gas is where a few digits of a balance or reward are more or fewer. */
  const close = (a: number, b: number, what: string): void => assert.ok(Math.abs(a - b) < 0.03 * Math.max(a, b), `${what}: ${a} and ${b}`);

  it("is the same when a message is simulated twice, by a direct and an amino wallet, and what is simulated is enough for a block (STAKING-8)", async () => {
    // Until here neither account nor delegation have a record, which costs more once.
    for (const name of ["send", "delegate"] as const) await broadcast(messages[name]());
    for (const name of names) {
      // Rewards of the fees so far are there: a message that pays them out is simulated as it will be executed.
      await chain().wait(2);
      const [simulated, again, byLedger] = [await direct.simulate(sven, [messages[name]()], ""), await direct.simulate(sven, [messages[name]()], ""), await amino.simulate(sven, [messages[name]()], "")];
      close(simulated, again, `${name}, simulated twice`);
      close(simulated, byLedger, `${name}, simulated by two wallets`);
      const result = await broadcast(messages[name]());
      if (name === "undelegate") creationHeight = BigInt(result.height);
      const used = Number(result.gasUsed);
      assert.ok(used > simulated && used < auto * simulated, `${name}: ${simulated} simulated, ${used} used`);
      costs[name] = { simulated, used };
    }
    // What comes on top is the payment of the fee, whatever the message.
    for (const name of names) close(costs[name]!.used - (costs["send"]!.used - costs["send"]!.simulated), costs[name]!.simulated, `${name}, used without the fee's payment and simulated`);
  });

  it("is about the same when a message is sent twice", async () => {
    for (const name of ["send", "delegate", "withdraw"] as const) {
      await chain().wait(2);
      close(Number((await broadcast(messages[name]())).gasUsed), costs[name]!.used, `${name}, once and again`);
    }
  });

  it("rises with what a message does: a transfer, a reward, a delegation, its way out (STAKING-8)", () => {
    const order = ["send", "withdraw", "delegate", "undelegate"].map((name) => costs[name]!.used);
    assert.deepEqual([...order].sort((a, b) => a - b), order, JSON.stringify(costs));
    const { send, delegate } = costs as Record<keyof typeof messages, Cost>;
    assert.ok(delegate.used > 2 * send.used && delegate.used < 6 * send.used, `${send.used} and ${delegate.used}`);
  });

  it("is added up message by message, and the signature is paid once", async () => {
    const times = async (n: number): Promise<number> => direct.simulate(sven, Array.from({ length: n }, messages.send), "");
    const [one, two, three, eleven] = [await times(1), await times(2), await times(3), await times(11)];
    close(three - two, two - one, "the second and the third of one transaction");
    close(eleven - one, 10 * (two - one), "ten more, and ten times one more");
    assert.ok(two < 2 * one, `${two} for two, ${one} for one`);
  });

  it("is charged at the price that was offered, used or not", async () => {
    const balance = async (): Promise<bigint> => BigInt((await direct.getBalance(sven, denom)).amount);
    const before = await balance();
    const { gasWanted, gasUsed } = await broadcast(messages.send());
    assert.ok(gasUsed < gasWanted);
    assert.equal(before - (await balance()), 5n + BigInt(Math.ceil(Number(gasWanted) * gasPrice.amount.toFloatApproximation())));
  });
});
