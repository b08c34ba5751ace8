/** SigningStargateClient, method by method, with both kinds of wallets. */
import assert from "node:assert/strict";
import { createMultisigThresholdPubkey, makeSignDoc, pubkeyToAddress, type MultisigThresholdPubkey } from "@cosmjs/amino";
import { fromBase64, toHex } from "@cosmjs/encoding";
import { encodePubkey, makeAuthInfoBytes, makeSignBytes, Registry } from "@cosmjs/proto-signing";
import * as direct from "@cosmjs/proto-signing";
import {
  SigningStargateClient, StargateClient, TimeoutError, calculateFee, coins, createDefaultAminoConverters, defaultRegistryTypes, AminoTypes, makeMultisignedTxBytes, type MsgSendEncodeObject, type StdFee,
} from "@cosmjs/stargate";
import { sha256 } from "@cosmjs/crypto";
import { MsgSendResponse } from "cosmjs-types/cosmos/bank/v1beta1/tx";
import { Timestamp } from "cosmjs-types/google/protobuf/timestamp";
import { SignMode } from "cosmjs-types/cosmos/tx/signing/v1beta1/signing";
import { AuthInfo, TxBody, TxRaw } from "cosmjs-types/cosmos/tx/v1beta1/tx";
import { describe, it } from "mocha";
import { addressOf, aminoWallet, chainId, denom, directWallet, funds, gasPrice, prefix, tokenFunds, useChain } from "./chain.ts";

const fee: StdFee = { amount: coins(500, denom), gas: "200000" };

function send(fromAddress: string, toAddress: string, amount: string | number, of = denom): MsgSendEncodeObject {
  return { typeUrl: "/cosmos.bank.v1beta1.MsgSend", value: { fromAddress, toAddress, amount: coins(amount, of) } };
}

describe("a stock SigningStargateClient", function () {
  this.timeout(60_000);
  const chain = useChain();

  it("reads chain id, height, account, sequence, balances, blocks", async () => {
    const client = await StargateClient.connect(chain().rpc);
    const alice = await addressOf("alice");
    assert.equal(await client.getChainId(), chainId);
    const height = await client.getHeight();
    assert.ok(height >= 2);
    const account = await client.getAccount(alice);
    assert.ok(account !== null);
    assert.deepEqual({ ...account, accountNumber: 0 }, { address: alice, pubkey: null, accountNumber: 0, sequence: 0 });
    assert.deepEqual(await client.getSequence(alice), { accountNumber: account.accountNumber, sequence: 0 });
    const nobody = await addressOf(100);
    assert.equal(await client.getAccount(nobody), null);
    await assert.rejects(client.getSequence(nobody), /does not exist on chain. Send some tokens there/);
    assert.deepEqual(await client.getBalance(alice, denom), { denom, amount: String(funds) });
    assert.deepEqual(await client.getBalance(alice, "nothing"), { denom: "nothing", amount: "0" });
    assert.deepEqual(await client.getAllBalances(alice), [{ denom: "token", amount: String(tokenFunds) }, { denom, amount: String(funds) }]);
    assert.deepEqual(await client.getAllBalances(nobody), []);
    const block = await client.getBlock(height);
    assert.equal(block.header.height, height);
    assert.equal(block.header.chainId, chainId);
    assert.match(block.header.time, /^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{9}Z$/);
    assert.ok((await client.getBlock()).header.height >= height);
    client.disconnect();
  });

  it("sends tokens at an estimated fee, and finds the transaction by hash, height, sender and tags", async () => {
    const client = await chain().client("alice");
    const [alice, bob] = [await addressOf("alice"), await addressOf(101)];
    const estimate = await client.simulate(alice, [send(alice, bob, 7)], "note");
    assert.ok(estimate > 40_000 && estimate < 100_000, `a transfer takes ${estimate} gas`);
    const result = await client.sendTokens(alice, bob, coins(7, denom), "auto", "note");
    assert.equal(result.code, 0, result.rawLog);
    assert.equal(result.rawLog, "");
    assert.deepEqual(result.msgResponses.map(({ typeUrl }) => typeUrl), ["/cosmos.bank.v1beta1.MsgSendResponse"]);
    assert.deepEqual(MsgSendResponse.decode(result.msgResponses[0]!.value), {});
    assert.equal(result.gasWanted, BigInt(Math.ceil(estimate * 1.4)));
    // CosmJS simulates without a fee, so what the payment of the fee costs is in its factor of 1.4, as on any SDK chain.
    assert.ok(result.gasUsed > estimate && result.gasUsed <= result.gasWanted, `simulated ${estimate}, used ${result.gasUsed}`);
    const paid = calculateFee(Number(result.gasWanted), gasPrice).amount[0]!;
    assert.equal((await client.getBalance(alice, denom)).amount, String(funds - 7n - BigInt(paid.amount)));
    assert.equal((await client.getBalance(bob, denom)).amount, "7");
    const found = await client.getTx(result.transactionHash);
    assert.ok(found !== null);
    assert.deepEqual([found.height, found.code, found.rawLog, found.hash, found.gasUsed], [result.height, 0, "", result.transactionHash, result.gasUsed]);
    assert.equal(toHex(sha256(found.tx)).toUpperCase(), result.transactionHash);
    const tx = TxRaw.decode(found.tx);
    assert.equal(TxBody.decode(tx.bodyBytes).memo, "note");
    // The proposer's own transaction may stand in the same block.
    assert.ok((await client.searchTx(`tx.height=${result.height}`)).some(({ hash }) => hash === result.transactionHash));
    for (const query of [
      `message.sender='${alice}'`,
      [{ key: "message.sender", value: alice }, { key: "message.action", value: "/cosmos.bank.v1beta1.MsgSend" }],
      [{ key: "message.module", value: "bank" }, { key: "tx.height", value: result.height }],
      [{ key: "transfer.recipient", value: bob }],
      [{ key: "transfer.sender", value: alice }, { key: "transfer.recipient", value: bob }, { key: "transfer.amount", value: `7${denom}` }],
      [{ key: "tx.fee_payer", value: alice }],
      [{ key: "coin_spent.spender", value: alice }],
      [{ key: "coin_received.receiver", value: bob }],
      [{ key: "tx.acc_seq", value: `${alice}/0` }],
      [{ key: "tx.signature", value: Buffer.from(tx.signatures[0]!).toString("base64") }],
      [{ key: "tx.fee", value: `${paid.amount}${denom}` }],
    ]) {
      assert.deepEqual((await client.searchTx(query)).map(({ hash }) => hash), [result.transactionHash], JSON.stringify(query));
    }
    assert.deepEqual(await client.searchTx(`transfer.recipient='${await addressOf(102)}'`), []);
    assert.equal(await client.getTx("00".repeat(32)), null);
    assert.ok((await client.getBlock(result.height)).txs.some((bytes) => toHex(bytes) === toHex(found.tx)));
    const known = await client.getAccount(alice);
    assert.deepEqual([known?.sequence, known?.pubkey], [1, { type: "tendermint/PubKeySecp256k1", value: Buffer.from((await (await aminoWallet("alice")).getAccounts())[0]!.pubkey).toString("base64") }]);
  });

  it("signs amino JSON, with every message that it has in common with a direct wallet", async () => {
    const client = await chain().client("bob", { amino: true });
    const [bob, to] = [await addressOf("bob"), await addressOf(103)];
    const result = await client.signAndBroadcast(bob, [send(bob, to, 1), send(bob, to, 2, "token")], 1.5, "a < b & c > d ");
    assert.equal(result.code, 0, result.rawLog);
    assert.equal(result.msgResponses.length, 2);
    const found = await client.getTx(result.transactionHash);
    assert.equal(TxBody.decode(TxRaw.decode(found!.tx).bodyBytes).memo, "a < b & c > d ");
    assert.deepEqual(await client.getAllBalances(to), [{ denom: "token", amount: "2" }, { denom, amount: "1" }]);
  });

  it("broadcasts without waiting, and waits no longer than it is told", async () => {
    const client = await chain().client("carol");
    const carol = await addressOf("carol");
    const { accountNumber, sequence } = await client.getAccount(carol).then((account) => account!);
    const hash = await client.signAndBroadcastSync(carol, [send(carol, carol, 1)], fee);
    assert.match(hash, /^[0-9A-F]{64}$/);
    // The next transaction of the same account goes in before the first one is in a block.
    const next = await client.sign(carol, [send(carol, carol, 2)], fee, "", { accountNumber, sequence: sequence + 1, chainId });
    const bytes = TxRaw.encode(next).finish();
    const error = await client.broadcastTx(bytes, 1, 10).then(() => undefined, (reason: unknown) => reason);
    const second = toHex(sha256(bytes)).toUpperCase();
    // A block may come within the first look.
    if (error !== undefined) assert.ok(error instanceof TimeoutError && error.txId === second, `not a timeout: ${String(error)}`);
    for (const id of [hash, second]) {
      while ((await client.getTx(id)) === null) await chain().wait(1);
    }
    const sentByCarol = (await client.searchTx(`message.sender='${carol}'`)).map(({ hash: id, code }) => [id, code]);
    assert.deepEqual(sentByCarol.slice(-2), [[hash, 0], [second, 0]]);
    assert.equal((await client.getSequence(carol)).sequence, sequence + 2);
  });

  it("lets a timeout height pass, and no transaction after it", async () => {
    const client = await chain().client("dave");
    const dave = await addressOf("dave");
    const height = await client.getHeight();
    const good = await client.signAndBroadcast(dave, [send(dave, dave, 1)], fee, "", BigInt(height + 10));
    assert.equal(good.code, 0, good.rawLog);
    await assert.rejects(client.signAndBroadcastSync(dave, [send(dave, dave, 1)], fee, "", BigInt(height - 1)), (reason: Error) => {
      assert.match(reason.message, new RegExp(`code 30 \\(codespace: sdk\\)\\. Log: block height: \\d+, timeout height: ${height - 1}: tx timeout height$`));
      return true;
    });
  });

  it("lets a multisig account sign, with as many keys as it wants and no fewer", async () => {
    const members = ["erin", "frank", "grace"] as const;
    const wallets = await Promise.all(members.map(aminoWallet));
    const keys = await Promise.all(wallets.map(async (wallet) => ({ type: "tendermint/PubKeySecp256k1", value: Buffer.from((await wallet.getAccounts())[0]!.pubkey).toString("base64") })));
    const multisig: MultisigThresholdPubkey = createMultisigThresholdPubkey(keys, 2);
    const address = pubkeyToAddress(multisig, prefix);
    const funding = await (await chain().client("erin")).sendTokens(await addressOf("erin"), address, coins(10_000, denom), fee);
    assert.equal(funding.code, 0, funding.rawLog);
    const client = await chain().client("erin", { amino: true });
    const { accountNumber, sequence } = await client.getSequence(address);
    const messages = [send(address, await addressOf(104), 3)];
    const sign = async (signers: readonly number[]): Promise<Uint8Array> => {
      const parts = await Promise.all(signers.map(async (index) => {
        const member = await chain().client(members[index]!, { amino: true });
        const account = (await wallets[index]!.getAccounts())[0]!.address;
        const { bodyBytes, signatures } = await member.sign(account, messages, fee, "together", { accountNumber, sequence, chainId });
        return { account, bodyBytes, signature: signatures[0]! };
      }));
      return makeMultisignedTxBytes(multisig, sequence, fee, parts[0]!.bodyBytes, new Map(parts.map(({ account, signature }) => [account, signature])));
    };
    await assert.rejects(sign([1]).then((bytes) => client.broadcastTxSync(bytes)), /code 4 \(codespace: sdk\)/);
    const result = await client.broadcastTx(await sign([0, 2]), 30_000, 100);
    assert.equal(result.code, 0, result.rawLog);
    const account = await client.getAccount(address);
    assert.deepEqual([account?.sequence, account?.pubkey?.type], [1, "tendermint/PubKeyMultisigThreshold"]);
    assert.equal(await (await chain().client("erin")).getBalance(await addressOf(104), denom).then(({ amount }) => amount), "3");
  });

  it("takes several signers in one transaction, each in the sign mode of its wallet", async () => {
    const client = await chain().client("heidi");
    const [heidi, ivan] = [await addressOf("heidi"), await addressOf("ivan")];
    const registry = new Registry(defaultRegistryTypes);
    const amino = new AminoTypes(createDefaultAminoConverters());
    const messages = [send(heidi, ivan, 11), send(ivan, heidi, 22)];
    const bodyBytes = registry.encode({ typeUrl: "/cosmos.tx.v1beta1.TxBody", value: { messages, memo: "both" } });
    const accounts = await Promise.all([heidi, ivan].map((address) => client.getSequence(address)));
    const pubkeys = await Promise.all((["heidi", "ivan"] as const).map(async (name) => (await (await directWallet(name)).getAccounts())[0]!.pubkey));
    const authInfoBytes = AuthInfo.encode(AuthInfo.fromPartial({
      signerInfos: pubkeys.map((key, i) => ({
        publicKey: encodePubkey({ type: "tendermint/PubKeySecp256k1", value: Buffer.from(key).toString("base64") }),
        modeInfo: { single: { mode: i === 0 ? SignMode.SIGN_MODE_DIRECT : SignMode.SIGN_MODE_LEGACY_AMINO_JSON } },
        sequence: BigInt(accounts[i]!.sequence),
      })),
      fee: { amount: coins(500, denom), gasLimit: 200_000n },
    })).finish();
    const first = await (await directWallet("heidi")).signDirect(heidi, direct.makeSignDoc(bodyBytes, authInfoBytes, chainId, accounts[0]!.accountNumber));
    const second = await (await aminoWallet("ivan")).signAmino(ivan, makeSignDoc(messages.map((message) => amino.toAmino(message)), fee, chainId, "both", accounts[1]!.accountNumber, accounts[1]!.sequence));
    const signatures = [first, second].map(({ signature }) => fromBase64(signature.signature));
    const result = await client.broadcastTx(TxRaw.encode({ bodyBytes, authInfoBytes, signatures }).finish(), 30_000, 100);
    assert.equal(result.code, 0, result.rawLog);
    assert.deepEqual(await Promise.all([heidi, ivan].map(async (address) => (await client.getSequence(address)).sequence)), [1, 1]);
    assert.equal((await client.getBalance(ivan, denom)).amount, String(funds + 11n - 22n));
    await assert.rejects(client.broadcastTxSync(TxRaw.encode({ bodyBytes, authInfoBytes, signatures: [...signatures].reverse() }).finish()), /code (4|32) \(codespace: sdk\)/);
  });

  it("lets a second account pay the fee, where it signs too", async () => {
    const client = await chain().client("judy");
    const [judy, kim] = [await addressOf("judy"), await addressOf("kim")];
    const registry = new Registry(defaultRegistryTypes);
    const bodyBytes = registry.encode({ typeUrl: "/cosmos.tx.v1beta1.TxBody", value: { messages: [send(judy, judy, 1)] } });
    const accounts = await Promise.all([judy, kim].map((address) => client.getSequence(address)));
    const wallets = await Promise.all((["judy", "kim"] as const).map(directWallet));
    const pubkeys = await Promise.all(wallets.map(async (wallet, i) => ({ pubkey: encodePubkey({ type: "tendermint/PubKeySecp256k1", value: Buffer.from((await wallet.getAccounts())[0]!.pubkey).toString("base64") }), sequence: accounts[i]!.sequence })));
    const authInfoBytes = makeAuthInfoBytes(pubkeys, coins(500, denom), 200_000, undefined, kim);
    const signatures = await Promise.all(wallets.map(async (wallet, i) => {
      const doc = direct.makeSignDoc(bodyBytes, authInfoBytes, chainId, accounts[i]!.accountNumber);
      assert.ok(makeSignBytes(doc).length > 0);
      return fromBase64((await wallet.signDirect([judy, kim][i]!, doc)).signature.signature);
    }));
    const result = await client.broadcastTx(TxRaw.encode({ bodyBytes, authInfoBytes, signatures }).finish(), 30_000, 100);
    assert.equal(result.code, 0, result.rawLog);
    assert.equal((await client.getBalance(judy, denom)).amount, String(funds));
    assert.equal((await client.getBalance(kim, denom)).amount, String(funds - 500n));
    // Without the payer's signature it stays out.
    await assert.rejects(client.signAndBroadcastSync(judy, [send(judy, judy, 1)], { ...fee, payer: kim }), /code 4 \(codespace: sdk\)\. Log: wrong number of signers; expected 2, got 1: unauthorized$/);
  });

  it("takes unordered transactions, each timeout once, without touching the sequence", async () => {
    const client = await chain().client("leo");
    const leo = await addressOf("leo");
    const wallet = await directWallet("leo");
    const registry = new Registry(defaultRegistryTypes);
    const { accountNumber } = await client.getSequence(leo);
    const { pubkey } = (await wallet.getAccounts())[0]!;
    const block = await client.getBlock();
    const base = Math.floor(Date.parse(block.header.time) / 1000);
    const unordered = async (seconds: number, sequence = 0, amount = 1): Promise<Uint8Array> => {
      const bodyBytes = TxBody.encode(TxBody.fromPartial({
        messages: [registry.encodeAsAny(send(leo, leo, amount))], unordered: true, timeoutTimestamp: Timestamp.fromPartial({ seconds: BigInt(base + seconds) }),
      })).finish();
      const authInfoBytes = makeAuthInfoBytes([{ pubkey: encodePubkey({ type: "tendermint/PubKeySecp256k1", value: Buffer.from(pubkey).toString("base64") }), sequence }], coins(500, denom), 200_000, undefined, undefined);
      const { signature } = await wallet.signDirect(leo, direct.makeSignDoc(bodyBytes, authInfoBytes, chainId, accountNumber));
      return TxRaw.encode({ bodyBytes, authInfoBytes, signatures: [fromBase64(signature.signature)] }).finish();
    };
    const both = await Promise.all([300, 200].map(async (seconds) => client.broadcastTx(await unordered(seconds), 30_000, 100)));
    assert.deepEqual(both.map(({ code }) => code), [0, 0]);
    assert.equal((await client.getSequence(leo)).sequence, 0);
    const refused: [bytes: Uint8Array, words: RegExp][] = [
      [await unordered(300, 0, 2), /code 18 \(codespace: sdk\)\. Log: failed to add unordered nonce: .*already used timeout/],
      [await unordered(250, 1), /code 18 \(codespace: sdk\)\. Log: sequence is not allowed for unordered transactions: invalid request$/],
      [await unordered(-100), /codespace: sdk/],
      [await unordered(3600), /code 18 \(codespace: sdk\)\. Log: unordered tx ttl exceeds 10m0s: invalid request$/],
    ];
    for (const [bytes, words] of refused) await assert.rejects(client.broadcastTxSync(bytes), words);
    const ordinary = await client.sendTokens(leo, leo, coins(1, denom), fee);
    assert.equal(ordinary.code, 0);
    assert.equal((await client.getSequence(leo)).sequence, 1);
  });

  it("signs offline what another client broadcasts, and disconnects", async () => {
    const mia = await addressOf("mia");
    const online = await chain().client("mia");
    const { accountNumber, sequence } = await online.getSequence(mia);
    const offline = await SigningStargateClient.offline(await directWallet("mia"));
    const tx = await offline.sign(mia, [send(mia, mia, 5)], fee, "", { accountNumber, sequence, chainId });
    const watcher = await StargateClient.connect(chain().rpc);
    const result = await watcher.broadcastTx(TxRaw.encode(tx).finish(), 30_000, 100);
    assert.equal(result.code, 0, result.rawLog);
    watcher.disconnect();
  });
});
