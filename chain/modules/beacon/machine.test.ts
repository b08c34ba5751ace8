import assert from "node:assert/strict";
import { addressText, moduleAddress, prefixes } from "../../codec/address.ts";
import { blsKeygen, blsProvePossession, blsSign } from "../../codec/bls.ts";
import { sha256 } from "../../codec/hash.ts";
import { AuthInfo, Fee, TxBody, TxRaw } from "../../codec/gen/cosmos/tx/v1beta1/tx.ts";
import { MsgRegisterBeaconKey } from "../../codec/gen/dcm/beacon/v1/tx.ts";
import { Machine } from "../../runtime/machine.ts";
import { Router } from "../../runtime/router.ts";
import { memoryStores } from "../../runtime/testing.ts";
import type { StoresOverlay } from "../../store/overlay.ts";
import { clockModule } from "../clock/module.ts";
import { beaconModule } from "./module.ts";
import { possessionContext, seedOfMissing } from "./seeds.ts";

const chainId = "dcm-machine-1";
const address = (i: number): Uint8Array => new Uint8Array(20).fill(i);
const pair = blsKeygen(new Uint8Array(32).fill(1));

function tx(...messages: readonly { typeUrl: string; value: Uint8Array }[]): Uint8Array {
  const authInfo = AuthInfo.fromPartial({ fee: Fee.fromPartial({ gasLimit: 200_000n }) });
  return TxRaw.encode({ bodyBytes: TxBody.encode(TxBody.fromPartial({ messages: [...messages] })).finish(), authInfoBytes: AuthInfo.encode(authInfo).finish(), signatures: [] }).finish();
}

function registration(i: number): Uint8Array {
  const message = {
    validatorAddress: addressText(address(i), prefixes.validator), publicKey: pair.publicKey,
    proofOfPossession: blsProvePossession(pair.secretKey, possessionContext(chainId, address(i))),
  };
  return tx({ typeUrl: "/dcm.beacon.v1.MsgRegisterBeaconKey", value: MsgRegisterBeaconKey.encode(message).finish() });
}

/** A machine of clock and beacon, without fees and signatures; consensus and operator addresses are the same, 1 to 9. */
function machine(): { machine: Machine; seed: (height: bigint) => Uint8Array | undefined } {
  const validators = { byConsensusAddress: (_: unknown, found: Uint8Array) => (found[0]! < 10 ? found : undefined), isValidator: () => true };
  const beacon = beaconModule({ validators, authority: addressText(moduleAddress("gov")) });
  const modules = [clockModule().module, beacon.module];
  const router = new Router();
  router.bind(modules);
  let stores = memoryStores();
  let prepared: StoresOverlay | undefined;
  let version = 0;
  const store = {
    get version() {
      return version;
    },
    appHash: new Uint8Array(32),
    latest: () => stores,
    at: () => stores,
    prepare(next: number, writes: StoresOverlay) {
      prepared = writes;
      version = next;
      return sha256(new Uint8Array([next]));
    },
    commit() {
      const next = memoryStores();
      for (const old of [stores, prepared!]) for (const name of ["runtime", "clock", "beacon"]) for (const [key, value] of old.store(name).iterate()) next.store(name).set(key, value);
      stores = next;
    },
  };
  const report = (what: string, error: unknown): void => assert.fail(`${what}: ${String(error)}`);
  const proposal = beacon.proposal.rule((message) => blsSign(pair.secretKey, message));
  const made = new Machine({ modules, router, ante: () => undefined, store, minGasPrices: [], consensusParams: { init: () => undefined, maxBlockGas: () => -1n, evidence: () => undefined }, strict: true, report, checkInvariants: true, proposal });
  made.initChain({ chainId, timeNanos: 1_700_000_000_000_000_000n, initialHeight: 1n, sections: {}, consensusParams: undefined, genTxs: [registration(1)] });
  return { machine: made, seed: (height) => beacon.beacon.seed(made.queryContext(), height) };
}

function block(height: bigint, proposer: number, txs: readonly Uint8Array[] = []): Parameters<Machine["finalizeBlock"]>[0] {
  return { height, proposer: address(proposer), timeNanos: 1_700_000_000_000_000_000n + height * 1_000_000_000n, txs, lastCommit: undefined, misbehavior: [] };
}

describe("beacon in the state machine", () => {
  it("BCN-7 the proposer's reveal stands in front, passes the other validators and gives the seed", () => {
    const { machine: node, seed } = machine();
    const txs = node.prepareProposal(block(1n, 1), [], 100_000);
    assert.equal(txs.length, 1);
    assert.equal(node.processProposal(block(1n, 1, txs)), undefined);
    const { txResults, events } = node.finalizeBlock(block(1n, 1, txs));
    node.commit();
    assert.deepEqual(txResults.map(({ code, log }) => [code, log]), [[0, ""]]);
    assert.deepEqual(events.filter(({ type }) => type.startsWith("dcm.")), []);
    assert.equal(seed(1n)?.length, 32);
  });

  it("BCN-7 a block without the reveal, with it elsewhere, with more in its transaction, or of a stranger's is refused", () => {
    const { machine: node } = machine();
    const [reveal] = node.prepareProposal(block(1n, 1), [], 100_000);
    const other = registration(2);
    assert.equal(node.processProposal(block(1n, 1, [reveal!, other])), undefined);
    assert.match(node.processProposal(block(1n, 1, []))!, /must begin with a beacon reveal/);
    assert.match(node.processProposal(block(1n, 1, [other, reveal!]))!, /only the first may be/);
    assert.match(node.processProposal(block(1n, 1, [reveal!, reveal!]))!, /only the first may be/);
    assert.match(node.processProposal(block(1n, 2, [reveal!]))!, /no active beacon key/);
    const [inner] = TxBody.decode(TxRaw.decode(reveal!).bodyBytes).messages;
    const [extra] = TxBody.decode(TxRaw.decode(other).bodyBytes).messages;
    assert.match(node.processProposal(block(1n, 1, [tx(inner!, extra!)]))!, /exactly one message/);
    assert.equal(node.processProposal(block(1n, 2, [])), undefined);
    assert.deepEqual(node.prepareProposal(block(1n, 2), [], 100_000), []);
  });

  it("BCN-7 a reveal that asks for gas is refused: with more than 2^63 it would pass and then fail, and the proposer could choose the fallback seed", () => {
    const { machine: node } = machine();
    const [reveal] = node.prepareProposal(block(1n, 1), [], 100_000);
    const raw = TxRaw.decode(reveal!);
    for (const gasLimit of [1n << 63n, 1n]) {
      const greedy = TxRaw.encode({ ...raw, authInfoBytes: AuthInfo.encode(AuthInfo.fromPartial({ fee: Fee.fromPartial({ gasLimit }) })).finish() }).finish();
      assert.match(node.processProposal(block(1n, 1, [greedy]))!, /wants no gas/);
    }
  });

  it("BCN-7 the mempool refuses reveals", () => {
    const { machine: node } = machine();
    const [reveal] = node.prepareProposal(block(1n, 1), [], 100_000);
    const { code, log } = node.checkTx(reveal!, false);
    assert.equal(code, 4);
    assert.match(log, /only be placed by a block's proposer/);
  });

  it("BCN-3 proposers with and without a key take turns", () => {
    const { machine: node, seed } = machine();
    for (const [height, proposer] of [[1n, 1], [2n, 2], [3n, 1], [4n, 200]] as const) {
      const txs = node.prepareProposal(block(height, proposer), [], 100_000);
      assert.equal(txs.length, proposer === 1 ? 1 : 0);
      assert.equal(node.processProposal(block(height, proposer, txs)), undefined);
      node.finalizeBlock(block(height, proposer, txs));
      node.commit();
    }
    assert.deepEqual(seed(2n), seedOfMissing(seed(1n)!, 2n));
    assert.notDeepEqual(seed(3n), seedOfMissing(seed(2n)!, 3n));
    assert.deepEqual(seed(4n), seedOfMissing(seed(3n)!, 4n));
  });
});
