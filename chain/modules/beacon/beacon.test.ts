import assert from "node:assert/strict";
import { addressText, prefixes } from "../../codec/address.ts";
import { blsKeygen, blsProvePossession, blsSign, type BlsKeyPair } from "../../codec/bls.ts";
import { equalBytes, toHex, uint64Bytes, utf8 } from "../../codec/bytes.ts";
import { sha256 } from "../../codec/hash.ts";
import { GenesisState } from "../../codec/gen/dcm/beacon/v1/genesis.ts";
import { MsgBeaconReveal, type MsgRegisterBeaconKey, type MsgRegisterBeaconKeyResponse } from "../../codec/gen/dcm/beacon/v1/tx.ts";
import { TxBody, TxRaw } from "../../codec/gen/cosmos/tx/v1beta1/tx.ts";
import { MessageRegistry } from "../../codec/messages.ts";
import { decodeTx } from "../../codec/tx.ts";
import type { Context, Mode } from "../../runtime/context.ts";
import { QueryError, TxError } from "../../runtime/errors.ts";
import { contextAt, memoryStores } from "../clock/testing.ts";
import { maxPruned } from "./decide.ts";
import { beaconModule } from "./module.ts";
import { defaultParams } from "./params.ts";
import { possessionContext, revealMessage, seedOfGenesis, seedOfMissing, seedOfReveal } from "./seeds.ts";

const chainId = "dcm-test-1";
const authority = addressText(new Uint8Array(20).fill(0xaa));
/** Validator i: operator 20 x i, consensus address 20 x (100 + i), key from entropy 32 x i. */
const operator = (i: number): Uint8Array => new Uint8Array(20).fill(i);
const consensus = (i: number): Uint8Array => new Uint8Array(20).fill(100 + i);
const pairs: BlsKeyPair[] = Array.from({ length: 6 }, (_, i) => blsKeygen(new Uint8Array(32).fill(i)));
const pair = (i: number): BlsKeyPair => pairs[i]!;
const validators = {
  byConsensusAddress: (_: Context, address: Uint8Array) => (address[0]! > 100 && address[0]! < 106 ? operator(address[0]! - 100) : undefined),
  isValidator: (_: Context, address: Uint8Array) => address[0]! < 6,
};

function registration(i: number, keys = pair(i), chain = chainId, who = operator(i)): MsgRegisterBeaconKey {
  return {
    validatorAddress: addressText(operator(i), prefixes.validator), publicKey: keys.publicKey,
    proofOfPossession: blsProvePossession(keys.secretKey, possessionContext(chain, who)),
  };
}

class Chain {
  readonly stores = memoryStores();
  readonly kit = beaconModule({ validators, authority });
  height = 0n;

  constructor(state: Partial<GenesisState> = {}, start = 0n) {
    this.height = start;
    const genesis = { ...(this.kit.module.genesis!.defaults() as GenesisState), ...state };
    this.kit.module.genesis!.check(genesis);
    this.kit.module.genesis!.init(this.context("genesis"), genesis);
  }
  context(mode: Mode, proposer: Uint8Array = new Uint8Array(0), gasLimit?: number): Context {
    return contextAt(this.stores, { height: this.height, mode, proposer, chainId, ...(gasLimit === undefined ? {} : { gasLimit }) });
  }
  run(ctx: Context, name: string, message: unknown): unknown {
    const { handler } = this.kit.module.messages.find(({ typeUrl }) => typeUrl.endsWith(`.${name}`))!;
    handler.check(message);
    return handler.execute(ctx, message);
  }
  query(name: string, request: unknown): unknown {
    return this.kit.module.queries.find(({ path }) => path.endsWith(`/${name}`))!.handle(this.context("query"), request);
  }
  /** The proposal that validator `i` makes for the next block with this key. */
  propose(i: number, keys: BlsKeyPair | undefined = pair(i)): { ctx: Context; reveal: MsgBeaconReveal | undefined } {
    this.height++;
    const ctx = this.context("block", consensus(i));
    const reveal = this.kit.proposal.make(ctx, (message) => (keys === undefined ? undefined : blsSign(keys.secretKey, message)));
    this.height--;
    return { ctx, reveal };
  }
  /** A whole block of validator `i`, with the reveal that belongs there unless told otherwise. */
  block(i: number, txs: (ctx: Context) => void = () => undefined, given?: { reveal: MsgBeaconReveal | undefined }): Context {
    const { reveal } = given ?? this.propose(i);
    this.height++;
    const ctx = this.context("deliver", consensus(i));
    this.kit.module.beginBlock!(ctx, { lastCommit: undefined, misbehavior: [] });
    if (reveal !== undefined) {
      try {
        this.run(ctx, "MsgBeaconReveal", reveal);
      } catch (error) {
        if (!(error instanceof TxError)) throw error;
      }
    }
    txs(ctx);
    this.kit.module.endBlock!(ctx);
    for (const check of Object.values(this.kit.module.invariants!)) assert.equal(check(ctx), undefined);
    return ctx;
  }
  seed(height = this.height): Uint8Array {
    const seed = this.kit.beacon.seed(this.context("query"), height);
    assert.ok(seed !== undefined);
    return seed;
  }
}

/** A chain whose validators 1 to 3 registered in genesis transactions. */
function withKeys(): Chain {
  const chain = new Chain();
  for (const i of [1, 2, 3]) chain.run(chain.context("genesis"), "MsgRegisterBeaconKey", registration(i));
  return chain;
}

const failsWith = (code: number, words: RegExp, codespace = "beacon") => (error: unknown): boolean => {
  assert.ok(error instanceof TxError, String(error));
  assert.deepEqual([error.codespace, error.code], [codespace, code], error.message);
  assert.match(error.message, words);
  return true;
};

describe("beacon", () => {
  describe("seeds", () => {
    it("BCN-1 each seed hashes the one before with the proposer's reveal", () => {
      const chain = withKeys();
      const before = (chain.query("Seed", { height: 0n }) as { seed: { seed: Uint8Array } }).seed.seed;
      chain.block(1);
      const signature = blsSign(pair(1).secretKey, revealMessage(chainId, 1n, before));
      assert.deepEqual(chain.seed(1n), seedOfReveal(before, signature));
      chain.block(2);
      assert.deepEqual(chain.seed(2n), seedOfReveal(chain.seed(1n), blsSign(pair(2).secretKey, revealMessage(chainId, 2n, chain.seed(1n)))));
    });

    it("BCN-1 signs and hashes exactly these bytes", () => {
      const seed = new Uint8Array(32).fill(0x11);
      assert.equal(toHex(revealMessage("dcm-1", 258n, seed)), `${toHex(utf8("dcm/beacon/reveal/v1"))}0000000000000005${toHex(utf8("dcm-1"))}0000000000000102${"11".repeat(32)}`);
      assert.equal(toHex(possessionContext("dcm-1", operator(1))), `${toHex(utf8("dcm/beacon/possession/v1"))}0000000000000005${toHex(utf8("dcm-1"))}0000000000000014${"01".repeat(20)}`);
      assert.deepEqual(seedOfReveal(seed, new Uint8Array(96)), sha256(utf8("dcm/beacon/seed/v1"), seed, new Uint8Array(96)));
      assert.deepEqual(seedOfMissing(seed, 258n), sha256(utf8("dcm/beacon/seed-missing/v1"), seed, uint64Bytes(258n)));
    });

    it("BCN-2 the first seed is made of chain id, genesis time and genesis section", () => {
      const state = new Chain().kit.module.genesis!.defaults() as GenesisState;
      const expected = seedOfGenesis(chainId, 0n, GenesisState.encode(state).finish());
      assert.deepEqual((new Chain().query("Seed", { height: 0n }) as { seed: { seed: Uint8Array } }).seed.seed, expected);
      assert.notDeepEqual(seedOfGenesis("dcm-test-2", 0n, new Uint8Array(0)), seedOfGenesis(chainId, 0n, new Uint8Array(0)));
      assert.notDeepEqual(seedOfGenesis(chainId, 1n, new Uint8Array(0)), seedOfGenesis(chainId, 0n, new Uint8Array(0)));
    });

    it("BCN-3 a proposer without a key gives the defined fallback, before the block's transactions", () => {
      const chain = withKeys();
      chain.block(1);
      let seen: Uint8Array | undefined;
      chain.block(4, (ctx) => (seen = chain.kit.beacon.seed(ctx, 2n)));
      assert.deepEqual(chain.seed(2n), seedOfMissing(chain.seed(1n), 2n));
      assert.deepEqual(seen, chain.seed(2n));
      chain.block(50); // an address that belongs to no validator
      assert.deepEqual(chain.seed(3n), seedOfMissing(chain.seed(2n), 3n));
    });

    it("BCN-3 a missing or false reveal in a decided block gives the fallback at its end", () => {
      const chain = withKeys();
      chain.block(1);
      const undecided: (Uint8Array | undefined)[] = [];
      chain.block(2, (ctx) => undecided.push(chain.kit.beacon.seed(ctx, 2n)), { reveal: undefined });
      assert.deepEqual(undecided, [undefined]);
      assert.deepEqual(chain.seed(2n), seedOfMissing(chain.seed(1n), 2n));
      chain.block(3, () => undefined, chain.propose(3, pair(2)));
      assert.deepEqual(chain.seed(3n), seedOfMissing(chain.seed(2n), 3n));
    });

    it("BCN-4 a block takes one reveal, for its own height only", () => {
      const chain = withKeys();
      const { reveal } = chain.propose(1);
      const block = chain.block(1, (ctx) => assert.throws(() => chain.run(ctx, "MsgBeaconReveal", reveal), failsWith(4, /decided already/)));
      assert.deepEqual(block.events.filter(({ type }) => type === "dcm.beacon.v1.EventSeedDecided").map(({ attributes }) => attributes), [[["height", "1"], ["how", "revealed"]]]);
      chain.block(2, (ctx) => assert.throws(() => chain.run(ctx, "MsgBeaconReveal", reveal), failsWith(5, /for height 1, the block has 2/)));
    });

    it("BCN-5 keeps the last seeds only, and prunes a bounded number a block", () => {
      const chain = new Chain({ params: { seedsKept: 256n, keyActivationDelayBlocks: 64n } });
      for (let i = 0; i < 300; i++) chain.block(4);
      assert.equal(chain.kit.beacon.seed(chain.context("query"), 44n), undefined);
      assert.ok(chain.kit.beacon.seed(chain.context("query"), 45n) !== undefined);
      assert.equal(chain.kit.beacon.seed(chain.context("query"), 301n), undefined);
      assert.equal(chain.kit.beacon.seed(chain.context("query"), -1n), undefined);

      const wide = new Chain({ params: { seedsKept: 1_000n, keyActivationDelayBlocks: 64n } });
      for (let i = 0; i < 400; i++) wide.block(4);
      wide.run(wide.context("deliver"), "MsgUpdateParams", { authority, params: { seedsKept: 256n, keyActivationDelayBlocks: 64n } });
      const kept = (): number => (wide.kit.module.genesis!.export(wide.context("query")) as GenesisState).seeds.length;
      assert.equal(kept(), 400);
      wide.block(4);
      assert.equal(kept(), 401 - maxPruned);
      for (let i = 0; i < 20; i++) wide.block(4);
      assert.equal(kept(), 256);
    });
  });

  describe("proposals", () => {
    it("BCN-6 an honest proposal passes, and its reveal is the same on every try", () => {
      const chain = withKeys();
      const { ctx, reveal } = chain.propose(1);
      assert.ok(reveal !== undefined);
      assert.equal(chain.kit.proposal.verify(ctx, reveal), undefined);
      assert.deepEqual(chain.propose(1).reveal, reveal);
      assert.deepEqual(chain.kit.proposal.requiredKey(ctx), pair(1).publicKey);
    });

    it("BCN-6 a proposer with a key must reveal with that key, over this height and seed", () => {
      const chain = withKeys();
      const { ctx, reveal } = chain.propose(1);
      const { verify } = chain.kit.proposal;
      assert.match(verify(ctx, undefined)!, /must begin with a beacon reveal/);
      assert.match(verify(ctx, chain.propose(1, pair(2)).reveal)!, /does not verify/);
      assert.match(verify(ctx, { ...reveal!, height: 2n })!, /for height 2/);
      assert.match(verify(ctx, { ...reveal!, validatorAddress: registration(2).validatorAddress })!, /the reveal says dcmvaloper/);
      for (const seed of [new Uint8Array(32), new Uint8Array(0)]) {
        assert.match(verify(ctx, { ...reveal!, signature: blsSign(pair(1).secretKey, revealMessage(chainId, 1n, seed)) })!, /does not verify/);
      }
      assert.match(verify(ctx, { ...reveal!, signature: new Uint8Array(3) })!, /does not verify/);
      assert.equal(chain.kit.proposal.make(ctx, () => undefined), undefined);
    });

    it("BCN-6 a proposer without a key must not reveal", () => {
      const chain = withKeys();
      const { ctx, reveal } = chain.propose(4);
      assert.equal(reveal, undefined);
      assert.equal(chain.kit.proposal.verify(ctx, undefined), undefined);
      assert.match(chain.kit.proposal.verify(ctx, { height: 1n, validatorAddress: registration(4).validatorAddress, signature: blsSign(pair(4).secretKey, new Uint8Array(1)) })!, /no active beacon key/);
    });

    it("BCN-6 proposals leave no trace in the state", () => {
      const chain = withKeys();
      const before = chain.stores.dump();
      const { ctx, reveal } = chain.propose(1);
      chain.kit.proposal.verify(ctx, reveal);
      assert.equal(chain.stores.dump(), before);
    });

    it("BCN-7 the state machine's rule makes a well-formed transaction of one message and accepts no other kind", () => {
      const chain = withKeys();
      const { ctx, reveal } = chain.propose(1);
      const rule = chain.kit.proposal.rule((message) => blsSign(pair(1).secretKey, message));
      const bytes = rule.make(ctx)!;
      const raw = TxRaw.decode(bytes);
      assert.deepEqual(TxRaw.encode(raw).finish(), bytes);
      const [any, ...rest] = TxBody.decode(raw.bodyBytes).messages;
      assert.deepEqual([any!.typeUrl, rest.length, raw.signatures.length], ["/dcm.beacon.v1.MsgBeaconReveal", 0, 0]);
      assert.deepEqual(MsgBeaconReveal.decode(any!.value), reveal);
      const decoded = decodeTx(bytes, new MessageRegistry([MsgBeaconReveal]));
      assert.deepEqual(decoded.messages.map(({ message }) => message), [reveal]);
      assert.equal(rule.verify(ctx, { typeUrl: any!.typeUrl, message: reveal }), undefined);
      assert.match(rule.verify(ctx, { typeUrl: "/cosmos.bank.v1beta1.MsgSend", message: {} })!, /not \/cosmos.bank/);
      assert.match(rule.verify(ctx, undefined)!, /must begin/);
      assert.equal(chain.kit.module.messages.find(({ typeUrl }) => typeUrl.endsWith("MsgBeaconReveal"))!.handler.lane, "system");
    });
  });

  describe("MsgRegisterBeaconKey", () => {
    it("BCN-8 acts at once in a genesis transaction, and after the delay in a block", () => {
      const chain = withKeys();
      assert.ok(chain.propose(1).reveal !== undefined);
      const ctx = chain.block(4, (c) => {
        const response = chain.run(c, "MsgRegisterBeaconKey", registration(4)) as MsgRegisterBeaconKeyResponse;
        assert.equal(response.activeHeight, 65n);
      });
      assert.ok(ctx.events.some(({ type }) => type === "dcm.beacon.v1.EventBeaconKeyRegistered"));
      for (let h = 2n; h < 65n; h++) {
        assert.equal(chain.propose(4).reveal, undefined);
        chain.block(5);
      }
      assert.ok(chain.propose(4).reveal !== undefined);
      chain.block(4);
      assert.equal(chain.height, 65n);
      assert.ok(!equalBytes(chain.seed(), seedOfMissing(chain.seed(64n), 65n)));
    });

    it("BCN-8 a replacement waits while the present key goes on; a second one before that begins the wait anew", () => {
      const chain = withKeys();
      chain.block(2, (ctx) => chain.run(ctx, "MsgRegisterBeaconKey", registration(1, pair(0))));
      chain.block(2, (ctx) => chain.run(ctx, "MsgRegisterBeaconKey", registration(1, pair(5))));
      while (chain.height < 65n) chain.block(2);
      assert.deepEqual(chain.kit.proposal.requiredKey(chain.propose(1).ctx), pair(5).publicKey);
      chain.height = 64n;
      assert.deepEqual(chain.kit.proposal.requiredKey(chain.propose(1).ctx), pair(1).publicKey);
      chain.height = 66n;
      chain.run(chain.context("deliver"), "MsgRegisterBeaconKey", registration(1, pair(4)));
      assert.deepEqual(chain.kit.proposal.requiredKey(chain.context("block", consensus(1))), pair(5).publicKey);
      chain.height = 66n + 64n;
      assert.deepEqual(chain.kit.proposal.requiredKey(chain.context("block", consensus(1))), pair(4).publicKey);
    });

    it("BCN-9 demands a proof by that key, for this chain and this operator", () => {
      const chain = new Chain();
      const ctx = chain.context("genesis");
      const before = chain.stores.dump();
      const register = (message: MsgRegisterBeaconKey) => () => chain.run(ctx, "MsgRegisterBeaconKey", message);
      assert.throws(register(registration(1, pair(1), "other-chain")), failsWith(3, /this chain id/));
      assert.throws(register(registration(1, pair(1), chainId, operator(2))), failsWith(3, /does not verify/));
      assert.throws(register({ ...registration(1), publicKey: pair(2).publicKey }), failsWith(3, /does not verify/));
      assert.throws(register({ ...registration(1), publicKey: new Uint8Array(47) }), failsWith(2, /48 compressed bytes/));
      assert.throws(register({ ...registration(1), publicKey: new Uint8Array(48).fill(0xff) }), failsWith(2, /48 compressed bytes/));
      assert.throws(register({ ...registration(1), proofOfPossession: new Uint8Array(95) }), failsWith(3, /does not verify/));
      assert.throws(register({ ...registration(1), proofOfPossession: new Uint8Array(96) }), failsWith(3, /does not verify/));
      assert.throws(register({ ...registration(1), validatorAddress: addressText(operator(1)) }), failsWith(7, /expected 'dcmvaloper'/, "sdk"));
      assert.throws(register({ ...registration(1), validatorAddress: "" }), failsWith(7, /empty address/, "sdk"));
      assert.throws(register({ ...registration(1), validatorAddress: registration(1).validatorAddress.toUpperCase() }), failsWith(7, /capitals/, "sdk"));
      assert.equal(chain.stores.dump(), before);
      register(registration(1))();
      assert.throws(register(registration(1)), failsWith(9, /already/));
    });

    it("BCN-13 is refused to whoever is no validator, and keeps nothing of it", () => {
      const chain = new Chain();
      const stranger = operator(7);
      const message = { ...registration(1, pair(1), chainId, stranger), validatorAddress: addressText(stranger, prefixes.validator) };
      const before = chain.stores.dump();
      assert.throws(() => chain.run(chain.context("deliver"), "MsgRegisterBeaconKey", message), failsWith(11, /is no validator: only validators have beacon keys/));
      assert.equal(chain.stores.dump(), before);
    });

    it("BCN-9 is signed by the operator's account and pays for the pairing", () => {
      const chain = new Chain();
      const { handler } = chain.kit.module.messages.find(({ typeUrl }) => typeUrl.endsWith("MsgRegisterBeaconKey"))!;
      assert.deepEqual(handler.signers(registration(1)), [addressText(operator(1))]);
      assert.throws(() => chain.run(chain.context("deliver", undefined, 400_000), "MsgRegisterBeaconKey", registration(1)), failsWith(11, /BLS/, "sdk"));
    });
  });

  describe("MsgUpdateParams", () => {
    it("BCN-10 only governance changes parameters, within bounds", () => {
      const chain = new Chain();
      const ctx = chain.context("deliver");
      const update = (params: unknown, from = authority) => () => chain.run(ctx, "MsgUpdateParams", { authority: from, params });
      assert.throws(update(defaultParams(), addressText(operator(1))), failsWith(13, /invalid authority/, "gov"));
      assert.throws(update(undefined), failsWith(8, /params is missing/));
      assert.throws(update({ ...defaultParams(), seedsKept: 255n }), failsWith(8, /seeds_kept is 256 to 1000000, got 255/));
      assert.throws(update({ ...defaultParams(), seedsKept: 1_000_001n }), failsWith(8, /seeds_kept/));
      assert.throws(update({ ...defaultParams(), keyActivationDelayBlocks: 1n }), failsWith(8, /key_activation_delay_blocks is 2 to/));
      update({ seedsKept: 300n, keyActivationDelayBlocks: 2n })();
      assert.deepEqual(chain.query("Params", {}), { params: { seedsKept: 300n, keyActivationDelayBlocks: 2n } });
    });
  });

  describe("genesis and queries", () => {
    it("BCN-11 an exported chain goes on with the same seeds and keys", () => {
      const chain = withKeys();
      chain.block(1);
      chain.block(4, (ctx) => chain.run(ctx, "MsgRegisterBeaconKey", registration(4)));
      const exported = GenesisState.decode(GenesisState.encode(chain.kit.module.genesis!.export(chain.context("query")) as GenesisState).finish());
      const next = new Chain(exported, chain.height);
      assert.equal(next.stores.dump(), chain.stores.dump());
      chain.block(2);
      next.block(2);
      assert.equal(toHex(next.seed()), toHex(chain.seed()));
    });

    it("BCN-11 a genesis that contradicts itself is refused", () => {
      const key = { validatorAddress: registration(1).validatorAddress, publicKey: pair(1).publicKey, nextPublicKey: new Uint8Array(0), nextActiveHeight: 0n };
      const seed = { height: 3n, seed: new Uint8Array(32) };
      assert.throws(() => new Chain({ keys: [key, key] }), /stands twice/);
      assert.throws(() => new Chain({ keys: [{ ...key, publicKey: new Uint8Array(48) }] }), /not a BLS public key/);
      assert.throws(() => new Chain({ keys: [{ ...key, publicKey: new Uint8Array(0) }] }), /has no key/);
      assert.throws(() => new Chain({ keys: [{ ...key, nextActiveHeight: 3n }] }), /next_active_height/);
      assert.throws(() => new Chain({ params: undefined }), /params is missing/);
      assert.throws(() => new Chain({ latest: { height: 3n, seed: new Uint8Array(31) } }), /32 bytes/);
      assert.throws(() => new Chain({ seeds: [seed] }), /later than beacon.latest/);
      assert.throws(() => new Chain({ seeds: [seed, seed], latest: seed }), /heights rise/);
      assert.throws(() => new Chain({ seeds: [seed], latest: seed }, 2n), /initial height must be above/);
    });

    it("BCN-14 a key goes with its validator, and its block falls back", () => {
      const chain = withKeys();
      chain.block(2);
      chain.kit.hooks.afterValidatorRemoved!(chain.context("deliver"), consensus(2), operator(2));
      assert.throws(() => chain.query("Key", { validatorAddress: registration(2).validatorAddress }), (e: unknown) => e instanceof QueryError && e.grpc === "NotFound");
      const before = chain.seed();
      assert.equal(chain.propose(2).reveal, undefined);
      chain.block(2);
      assert.deepEqual(chain.seed(), seedOfMissing(before, chain.height));
    });

    it("BCN-12 answers seeds and keys, and says what it has not", () => {
      const chain = withKeys();
      for (const i of [1, 2, 3, 1]) chain.block(i);
      assert.deepEqual(chain.query("Seed", { height: 2n }), { seed: { height: 2n, seed: chain.seed(2n) } });
      const page = chain.query("Seeds", { pagination: { key: new Uint8Array(0), offset: 1n, limit: 2n, countTotal: true, reverse: false } }) as { seeds: { height: bigint }[]; pagination: { total: bigint } };
      assert.deepEqual([page.seeds.map(({ height }) => height), page.pagination.total], [[2n, 3n], 4n]);
      assert.equal((chain.query("Keys", {}) as { keys: unknown[] }).keys.length, 3);
      assert.deepEqual((chain.query("Key", { validatorAddress: registration(2).validatorAddress }) as { key: { publicKey: Uint8Array } }).key.publicKey, pair(2).publicKey);
      assert.throws(() => chain.query("Seed", { height: 5n }), (e: unknown) => e instanceof QueryError && e.grpc === "NotFound");
      assert.throws(() => chain.query("Seed", { height: -1n }), (e: unknown) => e instanceof QueryError && e.grpc === "InvalidArgument");
      assert.throws(() => chain.query("Key", { validatorAddress: registration(5).validatorAddress }), (e: unknown) => e instanceof QueryError && e.grpc === "NotFound");
      assert.throws(() => chain.query("Key", { validatorAddress: "x" }), (e: unknown) => e instanceof QueryError && e.grpc === "InvalidArgument");
    });
  });
});
