/** What wallets show when a transaction is refused: code, codespace and raw log in the Cosmos SDK's words. */
import assert from "node:assert/strict";
import { Registry, encodePubkey, makeAuthInfoBytes, makeSignDoc, type EncodeObject } from "@cosmjs/proto-signing";
import { sha256 } from "@cosmjs/crypto";
import { fromBase64, toBech32, toUtf8 } from "@cosmjs/encoding";
import { BroadcastTxError, coins, defaultRegistryTypes, type IndexedTx, type SigningStargateClient, type StdFee } from "@cosmjs/stargate";
import { MsgSend } from "cosmjs-types/cosmos/bank/v1beta1/tx";
import { TxRaw } from "cosmjs-types/cosmos/tx/v1beta1/tx";
import { connectComet } from "@cosmjs/tendermint-rpc";
import { before, describe, it } from "mocha";
import { addressOf, chainId, denom, directWallet, funds, prefix, useChain } from "./chain.ts";

const fee: StdFee = { amount: coins(500, denom), gas: "200000" };
const send = (fromAddress: string, toAddress: string, amount: string | number, of = denom): EncodeObject => ({
  typeUrl: "/cosmos.bank.v1beta1.MsgSend", value: { fromAddress, toAddress, amount: [{ denom: of, amount: String(amount) }] },
});

interface Refusal {
  readonly codespace: string;
  readonly code: number;
  readonly log: string;
}

/** What the mempool says of it. */
async function refusal(work: Promise<unknown>): Promise<Refusal> {
  const error = await work.then((value) => assert.fail(`accepted: ${JSON.stringify(value)}`), (reason: unknown) => reason);
  if (!(error instanceof BroadcastTxError)) throw error as Error;
  const { codespace, code } = error;
  return { codespace, code, log: error.log ?? "" };
}

const sdk = (code: number, log: string): Refusal => ({ codespace: "sdk", code, log });

describe("a refused transaction", function () {
  this.timeout(60_000);
  const chain = useChain();
  let client: SigningStargateClient;
  let nina: string;
  let accountNumber: bigint;
  const signed = async (messages: readonly EncodeObject[], { fee: paid = fee, memo = "", sequence = 0, on = chainId, number = accountNumber, from = client }: { fee?: StdFee; memo?: string; sequence?: number; on?: string; number?: bigint; from?: SigningStargateClient } = {}): Promise<Uint8Array> =>
    TxRaw.encode(await from.sign(nina, messages, paid, memo, { accountNumber: number, sequence, chainId: on })).finish();

  before(async () => {
    client = await chain().client("nina");
    nina = await addressOf("nina");
    ({ accountNumber } = await client.getSequence(nina));
  });

  it("says why the mempool does not take it", async () => {
    const good = [send(nina, nina, 1)];
    const amino = await chain().client("nina", { amino: true });
    const nobody = await addressOf(110);
    const maxGas = ((await (await fetch(`${chain().rpc}/consensus_params?height=1`)).json()) as { result: { consensus_params: { block: { max_gas: string } } } }).result.consensus_params.block.max_gas;
    const cases: [why: string, bytes: Promise<Uint8Array>, expected: Refusal][] = [
      ["a memo that is too long", signed(good, { memo: "m".repeat(257) }), sdk(12, "maximum number of characters is 256 but received 257 characters: memo too large")],
      ["a memo of too many bytes", signed(good, { memo: "é".repeat(129) }), sdk(12, "maximum number of characters is 256 but received 258 characters: memo too large")],
      ["a fee that is too low", signed(good, { fee: { amount: coins(199, denom), gas: "200000" } }), sdk(13, "insufficient fees; got: 199udcm required: 200udcm: insufficient fee")],
      ["no fee", signed(good, { fee: { amount: [], gas: "200000" } }), sdk(13, "insufficient fees; got:  required: 200udcm: insufficient fee")],
      ["a fee in another denom", signed(good, { fee: { amount: coins(500, "token"), gas: "200000" } }), sdk(13, "insufficient fees; got: 500token required: 200udcm: insufficient fee")],
      ["a fee above the balance", signed(good, { fee: { amount: coins(String(funds + 1n), denom), gas: "200000" } }), sdk(5, `spendable balance ${funds}udcm is smaller than ${funds + 1n}udcm: insufficient funds: insufficient funds`)],
      ["no gas", signed(good, { fee: { amount: coins(500, denom), gas: "0" } }), sdk(11, "out of gas in location: ReadFlat; gasWanted: 0, gasUsed: 1000: out of gas")],
      ["a sequence that comes later", signed(good, { sequence: 5 }), sdk(32, "account sequence mismatch, expected 0, got 5: incorrect account sequence")],
      ["another chain's id", signed(good, { on: "cosmoshub-4" }), sdk(4, `signature verification failed; please verify account number (${accountNumber}) and chain-id (${chainId}): (unable to verify single signer signature): unauthorized`)],
      ["another account number", signed(good, { number: 9999n }), sdk(4, `signature verification failed; please verify account number (${accountNumber}) and chain-id (${chainId}): (unable to verify single signer signature): unauthorized`)],
      ["another chain's id, in amino JSON", signed(good, { on: "cosmoshub-4", from: amino }), sdk(4, `signature verification failed; please verify account number (${accountNumber}), sequence (0) and chain-id (${chainId}): unauthorized`)],
      ["another's coins", signed([send(await addressOf("oscar"), nina, 1)]), sdk(8, `pubKey does not match signer address ${await addressOf("oscar")} with signer index: 0: invalid pubkey`)],
      ["a granter that has granted nothing", signed(good, { fee: { ...fee, granter: await addressOf("oscar") } }), sdk(38, `${await addressOf("oscar")} does not allow to pay fees for ${nina}: fee-grant not found: not found`)],
      ["a fee granter that does not exist", signed(good, { fee: { ...fee, granter: nobody } }), sdk(38, `${nobody} does not allow to pay fees for ${nina}: fee-grant not found: not found`)],
      ["more gas than a block has", signed(good, { fee: { amount: coins(500, denom), gas: "9000000000000000" } }), sdk(41, `tx gas limit 9000000000000000 exceeds block max gas ${maxGas}: invalid gas limit`)],
      ["no messages", signed([]), sdk(18, "must contain at least one message: invalid request")],
    ];
    for (const [why, bytes, expected] of cases) assert.deepEqual(await refusal(client.broadcastTxSync(await bytes)), expected, why);
  });

  it("says so of messages and bytes that it does not know", async () => {
    const registry = new Registry([...defaultRegistryTypes, ["/cosmos.bank.v1beta9.MsgSend", MsgSend]]);
    const other = await chain().client("nina", { registry });
    const unknown = { ...send(nina, nina, 1), typeUrl: "/cosmos.bank.v1beta9.MsgSend" };
    assert.deepEqual(await refusal(client.broadcastTxSync(await signed([unknown], { from: other }))), sdk(2, "unable to resolve type URL /cosmos.bank.v1beta9.MsgSend: tx parse error"));
    const { code, codespace, log } = await refusal(client.broadcastTxSync(Uint8Array.of(1, 2, 3)));
    assert.deepEqual([codespace, code], ["sdk", 2]);
    assert.match(log, /tx parse error$/);
    await assert.rejects(client.broadcastTxSync(new Uint8Array(0)));
    assert.throws(() => client.registry.encodeAsAny(unknown), /Unregistered type url/);
  });

  it("says what an account that has nothing lacks", async () => {
    const poor = await chain().client(111);
    const address = await addressOf(111);
    const tx = await poor.sign(address, [send(address, nina, 1)], fee, "", { accountNumber: 0n, sequence: 0, chainId });
    assert.deepEqual(await refusal(poor.broadcastTxSync(TxRaw.encode(tx).finish())), sdk(9, `fee payer address: ${address} does not exist: unknown address`));
  });

  it("says which signatures are missing or too many", async () => {
    const wallet = await directWallet("nina");
    const { pubkey } = (await wallet.getAccounts())[0]!;
    const bodyBytes = client.registry.encode({ typeUrl: "/cosmos.tx.v1beta1.TxBody", value: { messages: [send(nina, nina, 1)] } });
    const authInfoBytes = makeAuthInfoBytes([{ pubkey: encodePubkey({ type: "tendermint/PubKeySecp256k1", value: Buffer.from(pubkey).toString("base64") }), sequence: 0 }], fee.amount, 200_000, undefined, undefined);
    const signature = fromBase64((await wallet.signDirect(nina, makeSignDoc(bodyBytes, authInfoBytes, chainId, accountNumber))).signature.signature);
    const raw = (signatures: Uint8Array[]): Uint8Array => TxRaw.encode({ bodyBytes, authInfoBytes, signatures }).finish();
    assert.deepEqual(await refusal(client.broadcastTxSync(raw([]))), sdk(15, "no signatures supplied"));
    assert.deepEqual(await refusal(client.broadcastTxSync(raw([signature, signature]))), sdk(4, "wrong number of signers; expected 1, got 2: unauthorized"));
    const broken = Uint8Array.from(signature, (byte, i) => (i === 5 ? byte ^ 1 : byte));
    assert.equal((await refusal(client.broadcastTxSync(raw([broken])))).code, 4);
    // The mirror of a signature, s -> n - s, is none: nobody else can change a transaction's hash.
    const n = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
    const high = (n - BigInt(`0x${Buffer.from(signature.slice(32)).toString("hex")}`)).toString(16).padStart(64, "0");
    assert.equal((await refusal(client.broadcastTxSync(raw([Uint8Array.from([...signature.slice(0, 32), ...Buffer.from(high, "hex")])])))).code, 4);
  });

  it("fails in its block with the module's code, words and no responses; the fee is paid, the sequence counted, the rest undone", async () => {
    const from = await chain().client("oscar");
    const oscar = await addressOf("oscar");
    const to = await addressOf(112);
    const feeCollector = toBech32(prefix, sha256(toUtf8("fee_collector")).slice(0, 20));
    const { accountNumber: number } = await from.getSequence(oscar);
    const comet = await connectComet(chain().rpc);
    const cases: [messages: EncodeObject[], expected: Refusal, gas?: string][] = [
      [[send(oscar, to, String(funds * 2n))], sdk(5, `failed to execute message; message index: 0: spendable balance ${funds - 500n}udcm is smaller than ${funds * 2n}udcm: insufficient funds`)],
      [[send(oscar, to, 1), send(oscar, to, 1, "nothing")], sdk(5, "failed to execute message; message index: 1: spendable balance 0nothing is smaller than 1nothing: insufficient funds")],
      [[send(oscar, "cosmos19rl4cm2hmr8afy4kldpxz3fka4jguq0auqdal4", 1)], sdk(7, "failed to execute message; message index: 0: invalid to address: hrp does not match bech32 prefix: expected 'dcm' got 'cosmos': internal logic error: invalid address")],
      [[send(oscar, "", 1)], sdk(7, "failed to execute message; message index: 0: invalid to address: empty address string is not allowed: invalid address")],
      [[send(oscar, to, 0)], sdk(10, "failed to execute message; message index: 0: 0udcm: invalid coins")],
      [[send(oscar, feeCollector, 1)], sdk(4, `failed to execute message; message index: 0: ${feeCollector} is not allowed to receive funds: unauthorized`)],
      [[send(oscar, to, 1)], sdk(11, "out of gas"), "30000"],
    ];
    const hashes: string[] = [];
    for (const [i, [messages, , gas = "200000"]] of cases.entries()) {
      const tx = await from.sign(oscar, messages, { ...fee, gas }, "", { accountNumber: number, sequence: i, chainId });
      hashes.push(await from.broadcastTxSync(TxRaw.encode(tx).finish()));
    }
    const results: IndexedTx[] = [];
    for (const hash of hashes) {
      for (let found = await from.getTx(hash); results.length < hashes.indexOf(hash) + 1; found = await from.getTx(hash)) {
        if (found === null) await chain().wait(1);
        else results.push(found);
      }
    }
    for (const [i, [, expected]] of cases.entries()) {
      const { code, rawLog, msgResponses, events, gasUsed } = results[i]!;
      assert.equal(code, expected.code, rawLog);
      if (code !== 11) assert.equal(rawLog, expected.log);
      else assert.match(rawLog, /^(failed to execute message; message index: 0: )?out of gas in location: \w+; gasWanted: 30000, gasUsed: \d+: out of gas$/);
      assert.deepEqual(msgResponses, []);
      assert.ok(gasUsed > 0n);
      assert.ok(events.some(({ type }) => type === "tx"), "the events of the checks stay");
      assert.ok(!events.some(({ attributes }) => attributes.some(({ key }) => key === "msg_index")));
      assert.equal((await comet.tx({ hash: Buffer.from(hashes[i]!, "hex") })).result.codespace, expected.codespace);
    }
    comet.disconnect();
    assert.equal((await from.getSequence(oscar)).sequence, cases.length);
    assert.equal((await from.getBalance(oscar, denom)).amount, String(funds - 500n * BigInt(cases.length)));
    assert.equal(await from.getAccount(to), null);
  });

  it("is not simulated either, and the node says why", async () => {
    await assert.rejects(client.simulate(nina, [send(nina, nina, String(funds * 2n))], undefined), /failed to execute message; message index: 0: spendable balance \d+udcm is smaller than \d+udcm: insufficient funds/);
    await assert.rejects(client.simulate(nina, [], undefined), /Query failed with \(6\): rpc error: code = Unknown desc = .* with gas used: '\d+'/);
    assert.equal((await client.getSequence(nina)).sequence, 0);
  });

  it("is taken once: the same bytes again are in the mempool's cache, or have a sequence that is used", async () => {
    const bytes = await signed([send(nina, nina, 1)]);
    const hash = await client.broadcastTxSync(bytes);
    await assert.rejects(client.broadcastTxSync(bytes), /tx already exists in cache/);
    while ((await client.getTx(hash)) === null) await chain().wait(1);
    assert.deepEqual(await refusal(client.broadcastTxSync(await signed([send(nina, nina, 2)]))), sdk(32, "account sequence mismatch, expected 1, got 0: incorrect account sequence"));
  });
});
