import assert from "node:assert/strict";
import { DirectSecp256k1HdWallet, type EncodeObject } from "@cosmjs/proto-signing";
import { sha256 } from "@cosmjs/crypto";
import { BaseAccount } from "../chain/codec/gen/cosmos/auth/v1beta1/auth.ts";
import { QueryAccountResponse } from "../chain/codec/gen/cosmos/auth/v1beta1/query.ts";
import { AuthInfo, TxRaw } from "../chain/codec/gen/cosmos/tx/v1beta1/tx.ts";
import { VerificationLevel } from "../chain/codec/gen/dcm/market/v1/types.ts";
import { MsgDeclineTask, MsgPlaceBid, MsgStartTask } from "../chain/codec/gen/dcm/market/v1/tx.ts";
import { toHex } from "../chain/codec/bytes.ts";
import type { Connection } from "./connection.ts";
import { Sender } from "./sender.ts";

/** A node's RPC as far as a sender asks it. `broadcast` is told of each transaction and how often it came; what it lets pass is in a block. */
class FakeNode {
  readonly #address: string;
  readonly #broadcast: (times: number) => { code: number } | "drop";
  readonly #committed = new Set<string>();
  readonly seen: string[] = [];
  /** Gas that each transaction asked for. */
  readonly gas: bigint[] = [];
  readonly sequences: bigint[] = [];

  constructor(address: string, broadcast: (times: number) => { code: number } | "drop") {
    this.#address = address;
    this.#broadcast = broadcast;
  }

  get connection(): Connection {
    const account = { typeUrl: "/cosmos.auth.v1beta1.BaseAccount", value: BaseAccount.encode({ address: this.#address, pubKey: undefined, accountNumber: 1n, sequence: 0n }).finish() };
    const comet = {
      abciQuery: () => Promise.resolve({ code: 0, value: QueryAccountResponse.encode({ account }).finish(), height: 1 }),
      // Not async: what the script throws is the RPC's error.
      broadcastTxSync: ({ tx }: { tx: Uint8Array }) => new Promise((resolve) => {
        const hash = toHex(sha256(tx));
        this.seen.push(hash);
        const { fee, signerInfos } = AuthInfo.decode(TxRaw.decode(tx).authInfoBytes);
        this.gas.push(fee!.gasLimit);
        this.sequences.push(signerInfos[0]!.sequence);
        const answer = this.#broadcast(this.seen.length);
        if (answer !== "drop" && answer.code === 0) this.#committed.add(hash);
        resolve({ hash: sha256(tx), code: answer === "drop" ? 0 : answer.code, codespace: "sdk", log: "" });
      }),
      tx: ({ hash }: { hash: Uint8Array }) => this.#committed.has(toHex(hash)) ? Promise.resolve({ height: 7, result: { code: 0, codespace: "", log: "", data: new Uint8Array(0), gasUsed: 1n, events: [] } }) : Promise.reject(new Error("not found")),
    };
    return { comet } as unknown as Connection;
  }
}

describe("sender", () => {
  const full = (): never => {
    throw new Error('{"code":-32603,"message":"Internal error","data":"mempool is full: number of txs 5 (max: 5), total txs bytes 1 (max: 9)"}');
  };

  async function send(broadcast: (times: number) => { code: number } | "drop", options: { timeoutMs?: number; resendMs?: number } = {}): Promise<{ node: FakeNode; sent: Promise<{ height: number }> }> {
    const signer = await DirectSecp256k1HdWallet.generate(12, { prefix: "dcm" });
    const address = (await signer.getAccounts())[0]!.address;
    const node = new FakeNode(address, broadcast);
    const sender = await Sender.create({ connection: node.connection, signer, address, chainId: "test-1", gasPrice: { denom: "udcm", amount: 0.001 }, resendMs: 200, ...options });
    return { node, sent: sender.send({ typeUrl: "/cosmos.bank.v1beta1.MsgSend", value: { fromAddress: address, toAddress: address, amount: [] } }) };
  }

  it("sends the same bytes again where the node answered code 0 and dropped them", async () => {
    const { node, sent } = await send((times) => (times < 3 ? "drop" : { code: 0 }));
    assert.equal((await sent).height, 7);
    assert.equal(node.seen.length, 3);
    assert.equal(new Set(node.seen).size, 1);
  });

  it("asks again while the mempool is full, and says so where it stays full", async () => {
    const { node, sent } = await send((times) => (times === 1 ? full() : { code: 0 }));
    assert.equal((await sent).height, 7);
    assert.equal(node.seen.length, 2);
    await assert.rejects((await send(full, { timeoutMs: 300 })).sent, /mempool had no room for 0\.3 s/);
  });

  it("waits for a transaction that the node has already, and tells where it is in no block in time", async () => {
    const cached = (): never => {
      throw new Error('{"code":-32603,"message":"Internal error","data":"tx already exists in cache"}');
    };
    await assert.rejects((await send(cached, { timeoutMs: 300 })).sent, /was not in a block within 0\.3 s/);
  });

  it("rejects a message of unknown fate, and shuts it out of blocks with one that takes its sequence", async () => {
    const signer = await DirectSecp256k1HdWallet.generate(12, { prefix: "dcm" });
    const address = (await signer.getAccounts())[0]!.address;
    const node = new FakeNode(address, (times) => (times === 1 ? "drop" : { code: 0 }));
    const sender = await Sender.create({ connection: node.connection, signer, address, chainId: "test-1", gasPrice: { denom: "udcm", amount: 0.001 }, timeoutMs: 300, resendMs: 60_000 });
    await assert.rejects(sender.send({ typeUrl: "/cosmos.bank.v1beta1.MsgSend", value: { fromAddress: address, toAddress: address, amount: [] } }), /was not in a block/);
    await sender.fence();
    assert.deepEqual(node.sequences, [0n, 0n]);
  });

  it("asks for the gas of the tasks of bids, and divides a batch that wants too much", async () => {
    const signer = await DirectSecp256k1HdWallet.generate(12, { prefix: "dcm" });
    const address = (await signer.getAccounts())[0]!.address;
    const node = new FakeNode(address, () => ({ code: 0 }));
    const sender = await Sender.create({ connection: node.connection, signer, address, chainId: "test-1", gasPrice: { denom: "udcm", amount: 0.001 } });
    const bid = (tasks: number): EncodeObject => ({ typeUrl: `/${MsgPlaceBid.$type}`, value: MsgPlaceBid.fromPartial({ consumer: address, job: { tasks } }) });
    await Promise.all([10, 1, 600, 600, 1].map((tasks) => sender.send(bid(tasks))));
    assert.deepEqual(node.gas, [44_070_000n, 42_970_000n]);
  });

  it("sends a decline alone, as it takes what gas there is", async () => {
    const signer = await DirectSecp256k1HdWallet.generate(12, { prefix: "dcm" });
    const address = (await signer.getAccounts())[0]!.address;
    const node = new FakeNode(address, () => ({ code: 0 }));
    const sender = await Sender.create({ connection: node.connection, signer, address, chainId: "test-1", gasPrice: { denom: "udcm", amount: 0.001 } });
    const worker = { worker: address, provider: address, taskId: 1n };
    await Promise.all([MsgStartTask, MsgStartTask, MsgDeclineTask, MsgStartTask].map((type) => sender.send({ typeUrl: `/${type.$type}`, value: type.fromPartial(worker) })));
    assert.deepEqual(node.gas, [900_000n, 500_000n, 500_000n]);
  });

  it("sends a message that runs out of gas with more of it, and gives up in time; other refusals are final", async () => {
    const signer = await DirectSecp256k1HdWallet.generate(12, { prefix: "dcm" });
    const address = (await signer.getAccounts())[0]!.address;
    for (const [needed, code, tried] of [[1_000_000n, 11, [500_000n, 900_000n, 1_700_000n]], [1n << 60n, 11, [500_000n, 900_000n, 1_700_000n, 3_300_000n, 6_500_000n]], [1n << 60n, 5, [500_000n]]] as const) {
      const node: FakeNode = new FakeNode(address, () => ({ code: node.gas.at(-1)! < needed ? code : 0 }));
      const sender = await Sender.create({ connection: node.connection, signer, address, chainId: "test-1", gasPrice: { denom: "udcm", amount: 0.001 } });
      const sent = sender.send({ typeUrl: "/cosmos.bank.v1beta1.MsgSend", value: { fromAddress: address, toAddress: address, amount: [] } });
      if (needed < 1n << 30n) await sent;
      else await assert.rejects(sent, (error: Error) => error.name === "TxFailed");
      assert.deepEqual(node.gas, tried);
    }
  });

  it("asks for the gas of as many auditors as the chain's parameters say, and as are usual where the node does not say", async () => {
    const signer = await DirectSecp256k1HdWallet.generate(12, { prefix: "dcm" });
    const address = (await signer.getAccounts())[0]!.address;
    const node = new FakeNode(address, () => ({ code: 0 }));
    for (const [auditors, gas] of [[2, 850_000n], [undefined, 780_000n]] as const) {
      const market = { params: () => (auditors === undefined ? Promise.reject(new Error("away")) : Promise.resolve({ params: { auditors } })) };
      const connection = { ...node.connection, query: { market } } as unknown as Connection;
      const sender = await Sender.create({ connection, signer, address, chainId: "test-1", gasPrice: { denom: "udcm", amount: 0.001 } });
      await sender.send({ typeUrl: `/${MsgPlaceBid.$type}`, value: MsgPlaceBid.fromPartial({ consumer: address, verification: VerificationLevel.VERIFICATION_LEVEL_V1_SPOT_CHECK, job: { tasks: 1 } }) });
      assert.equal(node.gas.at(-1), gas);
    }
  });
});
