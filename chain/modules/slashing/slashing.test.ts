import assert from "node:assert/strict";
import fc from "fast-check";
import { moduleAddress, addressText } from "../../codec/address.ts";
import { toHex, utf8 } from "../../codec/bytes.ts";
import { messageFromJson, toJson } from "../../codec/proto-json.ts";
import { Dec } from "../../math/dec.ts";
import { execute, memoryStores, testContext, transact } from "../../runtime/testing.ts";
import { timestampOf } from "../../runtime/time-text.ts";
import { SlashChain } from "../../../test/support/slash.ts";
import { consensus, dec, denom, text, validatorOf, valoper } from "../../../test/support/stake.ts";
import { QueryError, type TxError } from "../../runtime/errors.ts";
import { consensusText } from "./events.ts";
import { clearMissed, isMissed, missedIndices, setMissed } from "./missed-blocks.ts";
import { brickFault, defaultParams, paramsFault, windowOf } from "./params.ts";
import { counted, countedTotal, missedChunks, signers } from "./state.ts";
import type { Params } from "../../codec/gen/cosmos/slashing/v1beta1/slashing.ts";
import type { GenesisState } from "../../codec/gen/cosmos/slashing/v1beta1/genesis.ts";
import type { QueryParamsResponse, QuerySigningInfosResponse } from "../../codec/gen/cosmos/slashing/v1beta1/query.ts";
import type { EmittedEvent } from "../../runtime/context.ts";

const decBytes = (value: string): Uint8Array => utf8(dec(value));
const window10: Partial<Params> = { signedBlocksWindow: 10n, minSignedPerWindow: decBytes("0.5") };
const refused = (code: number, codespace = "slashing") => (error: TxError): boolean => error.code === code && error.codespace === codespace;
const plain = (events: readonly EmittedEvent[]): (readonly [string, ...string[]])[] => events.map(({ type, attributes }) => [type, ...attributes.map(([key, value]) => `${key}=${value}`)] as const);
const missed = (chain: SlashChain, i: number): bigint[] => [...missedIndices(chain.ctx, consensus(i))];
const store = (chain: SlashChain): string => [...chain.stores.store("slashing").iterate()].map(([key, value]) => `${toHex(key)}=${toHex(value)}`).join("\n");
const slashing = (chain: SlashChain) => chain.modules.find(({ name }) => name === "slashing")!;
const exported = (chain: SlashChain): GenesisState => slashing(chain).genesis!.export(chain.ctx) as GenesisState;

describe("signed blocks", () => {
  it("count for those who should have signed them, and a block that all signed writes nothing (SLASHING-1, SLASHING-2)", () => {
    const chain = new SlashChain({ slashing: window10 });
    assert.deepEqual(chain.info(1), { address: consensusText(consensus(1)), startHeight: 0n, indexOffset: 0n, jailedUntil: { seconds: 0n, nanos: 0 }, tombstoned: false, missedBlocksCounter: 0n });
    chain.sign();
    const before = store(chain);
    assert.equal(chain.info(1).indexOffset, 1n, "block 2 has the votes for block 1");
    chain.signTo(40);
    assert.equal(store(chain), before);
    for (const i of [1, 2, 3]) assert.equal(chain.info(i).indexOffset, 39n);
  });

  it("that are missed are noted where they stand in the window, until it has gone round (SLASHING-2, SLASHING-4)", () => {
    const chain = new SlashChain({ slashing: window10 });
    chain.signTo(3);
    // Blocks 3, 4 and 5 have index 2, 3 and 4.
    const events = [...chain.sign({ absent: [2] }), ...chain.sign({ absent: [2, 3] }), ...chain.sign({ absent: [2] })];
    const liveness = (i: number, count: number, height: number): unknown => ["liveness", `address=${consensusText(consensus(i))}`, `missed_blocks=${count}`, `height=${height}`];
    assert.deepEqual(plain(events), [liveness(2, 1, 4), liveness(2, 2, 5), liveness(3, 1, 5), liveness(2, 3, 6)]);
    assert.deepEqual([missed(chain, 2), missed(chain, 3), missed(chain, 1)], [[2n, 3n, 4n], [3n], []]);
    assert.equal(chain.info(2).missedBlocksCounter, 3n);
    // Block 13 stands at index 2 again: once its votes are in, at height 14, block 3 is forgotten.
    assert.deepEqual(chain.signTo(13), []);
    assert.deepEqual(missed(chain, 2), [2n, 3n, 4n]);
    chain.sign();
    assert.deepEqual([missed(chain, 2), chain.info(2).missedBlocksCounter], [[3n, 4n], 2n]);
    chain.sign({ absent: [2] });
    assert.deepEqual([missed(chain, 2), chain.info(2).missedBlocksCounter], [[3n, 4n], 2n], "missed then and now: nothing turns");
    chain.signTo(17);
    assert.deepEqual([missed(chain, 2), missed(chain, 3)], [[3n], []]);
    assert.equal([...missedChunks.entries(chain.ctx)].length, 1, "a chunk without missed blocks is not there");
  });

  it("lie in chunks of 1,024, each as long as its last missed block (SLASHING-4)", () => {
    const ctx = testContext(memoryStores());
    const one = consensus(1);
    for (const index of [0n, 7n, 1_023n, 1_024n, 2_999n]) setMissed(ctx, one, index, true);
    setMissed(ctx, consensus(2), 5n, true);
    assert.deepEqual([...missedIndices(ctx, one)], [0n, 7n, 1_023n, 1_024n, 2_999n]);
    const sizes = (): unknown => Array.from(missedChunks.entries(ctx), ([[address, chunk], bits]) => [toHex(address) === toHex(one), chunk, bits.length]).filter(([own]) => own).map(([, ...rest]) => rest);
    assert.deepEqual(sizes(), [[0, 128], [1, 1], [2, 119]]);
    assert.deepEqual([6n, 7n, 8n, 1_024n, 5_000n].map((index) => isMissed(ctx, one, index)), [false, true, false, true, false]);
    setMissed(ctx, one, 1_023n, false);
    setMissed(ctx, one, 1_024n, false);
    setMissed(ctx, one, 6_000n, false);
    assert.deepEqual(sizes(), [[0, 1], [2, 119]]);
    clearMissed(ctx, one);
    assert.deepEqual([[...missedIndices(ctx, one)], [...missedIndices(ctx, consensus(2))]], [[], [5n]]);
  });

  it("do not count while a validator is jailed or out of the set, and go on where they stopped (SLASHING-1, SLASHING-7)", () => {
    const chain = new SlashChain({ slashing: window10 });
    chain.signTo(4, { absent: [3] });
    assert.equal(chain.info(3).indexOffset, 3n);
    // Below its minimum by its own doing: jailed, no time to serve.
    chain.undelegate(3, 3, 20_000_000n);
    chain.signTo(20, { absent: [3] });
    assert.deepEqual([chain.info(3).indexOffset, chain.info(3).missedBlocksCounter, chain.signs(3)], [3n, 3n, false]);
    assert.deepEqual([...counted.entries(chain.ctx)].length, 2);
    chain.delegate(3, 3, 5_000_000n);
    chain.unjail(3);
    assert.equal(chain.height, 20n);
    chain.sign();
    assert.equal(chain.info(3).startHeight, 20n, "its window begins with its return");
    // It signs from block 22 on, whose votes block 23 has.
    chain.signTo(23);
    assert.deepEqual([chain.info(3).indexOffset, missed(chain, 3), chain.info(3).missedBlocksCounter], [4n, [0n, 1n, 2n], 3n]);
  });
});

describe("downtime", () => {
  it("is punished as soon as a window's worth of blocks has passed and more than half of it was missed (SLASHING-3)", () => {
    const chain = new SlashChain({ slashing: window10 });
    chain.signTo(7);
    // Votes for blocks 7 to 11 are missed, in blocks 8 to 12: five of ten, which is allowed.
    chain.signTo(12, { absent: [3] });
    assert.deepEqual([chain.info(3).missedBlocksCounter, chain.validator(3)!.jailed], [5n, false]);
    const supply = chain.bank.supply(chain.ctx, denom);
    const events = chain.sign({ absent: [3] });
    const address = consensusText(consensus(3));
    // 1 % of 20 units of power.
    assert.deepEqual(plain(events).filter(([type]) => type === "liveness" || type === "slash"), [
      ["liveness", `address=${address}`, "missed_blocks=6", "height=13"], ["slash", `address=${address}`, "power=20", "reason=missing_signature", `jailed=${address}`, "burned_coins=200000"],
    ]);
    const { jailed, tokens } = chain.validator(3)!;
    assert.deepEqual([jailed, tokens, supply - chain.bank.supply(chain.ctx, denom)], [true, "19800000", 200_000n]);
    assert.deepEqual(chain.info(3), { address, startHeight: 0n, indexOffset: 0n, jailedUntil: timestampOf(chain.ctx.header.timeNanos + 600n * 1_000_000_000n), tombstoned: false, missedBlocksCounter: 0n });
    assert.deepEqual(missed(chain, 3), []);
    // CometBFT is told at the end of block 13, and its last votes come in block 15: none of them counts.
    chain.signTo(16, { absent: [3] });
    assert.deepEqual([chain.signs(3), chain.info(3).missedBlocksCounter, chain.validator(3)!.tokens], [false, 0n, "19800000"]);
  });

  it("is not punished within the first window, whatever was missed (SLASHING-3)", () => {
    const chain = new SlashChain({ slashing: window10 });
    chain.signTo(10, { absent: [3] });
    assert.deepEqual([chain.info(3).missedBlocksCounter, chain.validator(3)!.jailed], [9n, false]);
    chain.sign({ absent: [3] });
    assert.equal(chain.validator(3)!.jailed, true, "block 11 is beyond block 0 and its window of 10");
  });

  it("answers with the stake of the block that was missed: what left before it goes free (SLASHING-3)", () => {
    const chain = new SlashChain({ slashing: window10 });
    chain.signTo(8);
    // Block 14 is the sixth without its vote; the vote was due in block 13, whose stake was settled at the end of block 12.
    chain.signTo(11, { absent: [3] });
    chain.undelegate(3, 3, 4_000_000n);
    chain.sign({ absent: [3] });
    chain.undelegate(3, 3, 3_000_000n);
    chain.sign({ absent: [3] });
    assert.equal(chain.validator(3)!.jailed, false);
    chain.sign({ absent: [3] });
    const { entries } = chain.query<{ unbond: { entries: { balance: string }[] } }>("UnbondingDelegation", { delegatorAddr: text(3), validatorAddr: valoper(3) }).unbond;
    // Block 13 had its vote with power 16: 160,000 are due, of which the entry of block 12 bears 30,000.
    assert.deepEqual(entries.map(({ balance }) => balance), ["4000000", "2970000"]);
    assert.equal(chain.validator(3)!.tokens, String(13_000_000 - 130_000));
  });

  it("begins anew after MsgUnjail: nobody is punished twice for the same blocks (SLASHING-3, SLASHING-7)", () => {
    const chain = new SlashChain({ slashing: { ...window10, downtimeJailDuration: { seconds: 60n, nanos: 0 } } });
    chain.signTo(11, { absent: [3] });
    chain.signTo(24, { absent: [3] });
    chain.unjail(3);
    chain.signTo(34, { absent: [3] });
    assert.deepEqual([chain.info(3).startHeight, chain.info(3).missedBlocksCounter, chain.validator(3)!.jailed], [24n, 8n, false], "blocks 26 to 33, within its first window");
    chain.sign({ absent: [3] });
    assert.deepEqual([chain.validator(3)!.jailed, chain.validator(3)!.tokens], [true, String(19_800_000 - 190_000)]);
  });

  it("of the last validator does not end the chain: it is jailed, signs on, and is not counted (SLASHING-1)", () => {
    const chain = new SlashChain({ powers: [10], slashing: window10 });
    chain.signTo(11, { absent: [1] });
    chain.signTo(40, { absent: [1] });
    assert.deepEqual([chain.signs(1), chain.validator(1)!.jailed, chain.validator(1)!.tokens, chain.info(1).missedBlocksCounter], [true, true, "9900000", 0n]);
    chain.clock += 600n;
    chain.unjail(1);
    chain.signTo(44);
    assert.equal(chain.validator(1)!.jailed, false);
  });

  it("that cannot be punished, as a listener fails, changes nothing and is tried again (SLASHING-3)", () => {
    let fails = true;
    const chain = new SlashChain({ slashing: window10, hooks: [{ beforeValidatorSlashed: () => { if (fails) throw new Error("no"); } }] });
    chain.signTo(10, { absent: [3] });
    assert.throws(() => chain.sign({ absent: [3] }), /no/, "unit tests hear of it; a block goes on");
    fails = false;
    chain.height = 10n;
    chain.sign({ absent: [3] });
    assert.equal(chain.validator(3)!.jailed, true);
  });

  it("is what the SDK's book-keeping, one write of each validator a block, makes of the same votes (SLASHING-1, SLASHING-3)", () => {
    interface Book { start: bigint; offset: bigint; counter: bigint; bits: boolean[]; jailed: boolean }
    fc.assert(fc.property(fc.array(fc.record({ absent: fc.uniqueArray(fc.constantFrom(1, 2, 3), { maxLength: 3 }), unjail: fc.boolean() }), { minLength: 10, maxLength: 60 }), (blocks) => {
      const size = 5;
      const chain = new SlashChain({ slashing: { signedBlocksWindow: BigInt(size), minSignedPerWindow: decBytes("0.4"), downtimeJailDuration: { seconds: 1n, nanos: 0 }, slashFractionDowntime: decBytes("0.001") } });
      const books = new Map<number, Book>([1, 2, 3].map((i) => [i, { start: 0n, offset: 0n, counter: 0n, bits: Array.from({ length: size }, () => false), jailed: false }]));
      for (const { absent, unjail } of blocks) {
        const signing = ([1, 2, 3] as const).filter((i) => chain.signs(i));
        for (const [i, book] of books) {
          if (!unjail || !book.jailed) continue;
          chain.clock++;
          chain.unjail(i);
          book.jailed = false;
          // Where it is in the set still, CometBFT is told of no change.
          if (chain.validator(i)!.status !== 3) book.start = chain.height;
        }
        chain.sign({ absent });
        for (const i of signing) {
          const book = books.get(i)!;
          if (book.jailed) continue;
          const index = Number(book.offset++ % BigInt(size));
          const now = absent.includes(i);
          if (now !== book.bits[index]) book.counter += now ? 1n : -1n;
          book.bits[index] = now;
          if (chain.height > book.start + 5n && book.counter > 3n) Object.assign(book, { offset: 0n, counter: 0n, bits: book.bits.map(() => false), jailed: true });
        }
        for (const [i, { start, offset, counter, bits, jailed }] of books) {
          const info = chain.info(i);
          assert.deepEqual([info.startHeight, info.indexOffset, info.missedBlocksCounter, missed(chain, i), chain.validator(i)!.jailed], [start, offset, counter, bits.flatMap((bit, at) => (bit ? [BigInt(at)] : [])), jailed], `validator ${i} at height ${chain.height}`);
        }
      }
    }), { numRuns: 25 });
  });
});

describe("MsgUnjail", () => {
  it("is refused with the SDK's codes (SLASHING-5)", () => {
    const chain = new SlashChain({ slashing: window10 });
    const unjail = (validatorAddr: string) => () => void execute(chain.stores, chain.modules, "/cosmos.slashing.v1beta1.MsgUnjail", { validatorAddr }, chain.block);
    assert.throws(unjail("dcm1nonsense"), refused(7, "sdk"));
    assert.throws(unjail(valoper(9)), refused(3, "staking"));
    assert.throws(unjail(valoper(3)), refused(5));
    chain.run("EditValidator", { validatorAddress: valoper(3), description: validatorOf(3).description, commissionRate: "", minSelfDelegation: "19000000" });
    chain.signTo(11, { absent: [3] });
    assert.throws(unjail(valoper(3)), refused(4), "its time is not over");
    chain.clock += 599n;
    assert.throws(unjail(valoper(3)), refused(4));
    chain.clock += 1n;
    chain.undelegate(3, 3, 1_000_000n);
    assert.throws(unjail(valoper(3)), (error: TxError) => refused(7)(error) && /^18(?:800000|799999) less than 19000000: validator's self delegation less than minimum; cannot be unjailed$/.test(error.message));
    chain.delegate(3, 3, 1_000_000n);
    unjail(valoper(3))();
    chain.signTo(15);
    assert.deepEqual([chain.validator(3)!.jailed, chain.signs(3)], [false, true]);
    assert.throws(unjail(valoper(3)), refused(5));
    chain.undelegate(3, 3, BigInt(chain.validator(3)!.tokens));
    assert.throws(unjail(valoper(3)), refused(19, "staking"), "no stake of its own at all");
  });

  it("brings a validator back that never signed and has no signing info (SLASHING-5)", () => {
    const chain = new SlashChain({ params: { maxValidators: 3 } });
    chain.run("CreateValidator", { ...validatorOf(4), minSelfDelegation: "3000000", value: { denom, amount: "4000000" } });
    chain.undelegate(4, 4, 2_000_000n);
    assert.deepEqual([chain.validator(4)!.jailed, signers.has(chain.ctx, consensus(4))], [true, false]);
    assert.throws(() => { chain.unjail(4); }, refused(7));
    chain.delegate(4, 4, 1_000_000n);
    chain.unjail(4);
    assert.equal(chain.validator(4)!.jailed, false);
  });

  it("does not help a tombstoned key, and no new validator gets it (SLASHING-6)", () => {
    const chain = new SlashChain({ params: { unbondingTime: { seconds: 100n, nanos: 0 } } });
    chain.signTo(5);
    chain.sign({ misbehavior: [chain.misbehavior(3, 4n)] });
    chain.sign();
    chain.clock += 10n ** 9n;
    assert.throws(() => { chain.unjail(3); }, refused(4));
    chain.sign();
    chain.undelegate(3, 3, BigInt(chain.validator(3)!.tokens));
    chain.sign();
    assert.equal(chain.validator(3), undefined, "unbonded and without shares: gone");
    assert.throws(() => { chain.run("CreateValidator", { ...validatorOf(3), value: { denom, amount: "1000000" } }); }, refused(9));
  });
});

describe("slashing's parameters", () => {
  it("are the SDK's, and within their bounds (SLASHING-8)", () => {
    const good = defaultParams();
    assert.deepEqual(toJson("cosmos.slashing.v1beta1.Params", good), {
      signed_blocks_window: "100", min_signed_per_window: "0.500000000000000000", downtime_jail_duration: "600s", slash_fraction_double_sign: "0.050000000000000000", slash_fraction_downtime: "0.010000000000000000",
    });
    const cases: readonly (readonly [Partial<Params>, RegExp | undefined])[] = [
      [{}, undefined],
      [{ signedBlocksWindow: 0n }, /^signed blocks window must be positive: 0$/],
      [{ signedBlocksWindow: 1_000_001n }, /at most 1000000/],
      [{ minSignedPerWindow: decBytes("-0.1") }, /^min signed per window cannot be negative: -0\.100000000000000000$/],
      [{ minSignedPerWindow: decBytes("1.000000000000000001") }, /^min signed per window too large/],
      [{ minSignedPerWindow: new Uint8Array(0) }, /^min signed per window cannot be nil$/],
      [{ minSignedPerWindow: utf8("half") }, /^min signed per window is not a decimal$/],
      [{ minSignedPerWindow: Uint8Array.of(0xff, 0xfe) }, /^min signed per window is not a decimal$/],
      [{ downtimeJailDuration: { seconds: 0n, nanos: 0 } }, /^downtime jail duration must be positive: 0ns$/],
      [{ downtimeJailDuration: undefined }, /must be positive/],
      [{ downtimeJailDuration: { seconds: 10n ** 10n, nanos: 0 } }, /292 years/],
      [{ slashFractionDoubleSign: decBytes("1.1") }, /^double sign slash fraction too large/],
      [{ slashFractionDowntime: decBytes("-1") }, /^downtime slash fraction cannot be negative/],
      [{ slashFractionDowntime: decBytes("0"), slashFractionDoubleSign: decBytes("1"), minSignedPerWindow: decBytes("0") }, undefined],
    ];
    for (const [change, expected] of cases) {
      const fault = paramsFault({ ...good, ...change });
      if (expected === undefined) assert.equal(fault, undefined);
      else assert.match(fault ?? "", expected);
    }
  });

  it("are refused to governance where nobody would be left to sign or to decide (SLASHING-8)", () => {
    const cases: readonly (readonly [Partial<Params>, RegExp | undefined])[] = [
      [{}, undefined], [{ minSignedPerWindow: decBytes("0.95") }, undefined], [{ slashFractionDowntime: decBytes("0.5"), slashFractionDoubleSign: decBytes("1") }, undefined],
      [{ minSignedPerWindow: decBytes("0.951") }, /at most 0\.95 and leaves a block/], [{ signedBlocksWindow: 5n, minSignedPerWindow: decBytes("0.95") }, /leaves a block of the window that may be missed: 0\.950000000000000000 of 5 blocks$/],
      [{ downtimeJailDuration: { seconds: 365n * 86_400n + 1n, nanos: 0 } }, /at most 365 days: 31536001s$/], [{ slashFractionDowntime: decBytes("0.51") }, /at most 0\.5: 0\.51/],
    ];
    for (const [change, expected] of cases) {
      const fault = brickFault({ ...defaultParams(), ...change });
      if (expected === undefined) assert.equal(fault, undefined);
      else assert.match(fault ?? "", expected);
    }
  });

  it("round the least number of signed blocks half to even (SLASHING-8)", () => {
    const mayMiss = (blocks: bigint, share: string): bigint => windowOf({ ...defaultParams(), signedBlocksWindow: blocks, minSignedPerWindow: decBytes(share) }).mayMiss;
    // 2.5 -> 2, 3.5 -> 4, 0.33 x 10 = 3.3 -> 3.
    assert.deepEqual([mayMiss(5n, "0.5"), mayMiss(7n, "0.5"), mayMiss(10n, "0.33"), mayMiss(10n, "1"), mayMiss(10n, "0")], [3n, 3n, 7n, 0n, 10n]);
  });

  it("are changed by the governance account alone, and count at once (SLASHING-8)", () => {
    const chain = new SlashChain();
    const update = (authority: string, params: Params | undefined) => () => void execute(chain.stores, chain.modules, "/cosmos.slashing.v1beta1.MsgUpdateParams", { authority, params }, chain.block);
    const gov = addressText(moduleAddress("gov"));
    const wanted = { ...defaultParams(), ...window10 };
    assert.throws(update(text(1), wanted), (error: TxError) => error.codespace === "gov");
    assert.throws(update(gov, undefined), /params are missing/);
    assert.throws(update(gov, { ...wanted, signedBlocksWindow: -1n }), /signed blocks window must be positive: -1/);
    chain.signTo(10, { absent: [3] });
    update(gov, wanted)();
    assert.deepEqual(chain.ask<QueryParamsResponse>("slashing.v1beta1.Query/Params", {}).params, wanted);
    chain.sign({ absent: [3] });
    assert.equal(chain.validator(3)!.jailed, true);
  });
});

describe("slashing's queries", () => {
  it("answer as the SDK's (SLASHING-8)", () => {
    const chain = new SlashChain();
    chain.signTo(9, { absent: [2] });
    const all = chain.ask<QuerySigningInfosResponse>("slashing.v1beta1.Query/SigningInfos", { pagination: { key: new Uint8Array(0), offset: 0n, limit: 2n, countTotal: true, reverse: false } });
    assert.deepEqual([all.info.length, all.pagination!.total, all.info.every(({ indexOffset }) => indexOffset === 8n)], [2, 3n, true]);
    const rest = chain.ask<QuerySigningInfosResponse>("slashing.v1beta1.Query/SigningInfos", { pagination: { key: all.pagination!.nextKey, offset: 0n, limit: 2n, countTotal: false, reverse: false } });
    assert.deepEqual([...all.info, ...rest.info].map(({ address }) => address).sort(), [1, 2, 3].map((i) => consensusText(consensus(i))).sort());
    const refusal = (consAddress: string, kind: string) => (): void => assert.throws(() => chain.ask("slashing.v1beta1.Query/SigningInfo", { consAddress }), (error: QueryError) => error instanceof QueryError && error.grpc === kind);
    refusal("", "InvalidArgument")();
    refusal(text(1), "Unknown")();
    refusal(consensusText(consensus(8)), "NotFound")();
  });
});

describe("slashing's genesis", () => {
  it("loads the JSON that an SDK chain exports, and gives it back (SLASHING-9)", () => {
    const [one, two] = [1, 2].map((i) => consensusText(consensus(i))) as [string, string];
    const info = { start_height: "7", index_offset: "1203", jailed_until: "2025-05-05T10:11:12.123456789Z", tombstoned: false, missed_blocks_counter: "3" };
    const infos = [{ address: one, validator_signing_info: { address: one, ...info } }, { address: two, validator_signing_info: { address: two, ...info, tombstoned: true, jailed_until: "9999-12-31T23:59:59Z", missed_blocks_counter: "0" } }];
    const blocks = [{ address: one, missed_blocks: [{ index: "3", missed: true }, { index: "99", missed: true }] }, { address: two, missed_blocks: [] }];
    const order = <T extends { address: string }>(items: T[]): T[] => (Buffer.compare(consensus(1), consensus(2)) < 0 ? items : items.toReversed());
    const json = { params: toJson("cosmos.slashing.v1beta1.Params", defaultParams()), signing_infos: order(infos), missed_blocks: order(blocks) };
    const section = messageFromJson("cosmos.slashing.v1beta1.GenesisState", json) as GenesisState;
    const chain = new SlashChain();
    const stores = memoryStores();
    const { genesis } = slashing(chain);
    genesis!.check(section);
    genesis!.init(testContext(stores), section);
    assert.deepEqual(toJson("cosmos.slashing.v1beta1.GenesisState", genesis!.export(testContext(stores)) as object), json);
    assert.deepEqual([...missedIndices(testContext(stores), consensus(1))], [3n, 99n]);
  });

  it("goes on as the chain that was exported would have (SLASHING-9)", () => {
    const chain = new SlashChain({ slashing: window10 });
    chain.signTo(12, { absent: [3] });
    chain.signTo(15, { absent: [2] });
    const section = exported(chain);
    const copy = new SlashChain({ from: chain });
    assert.deepEqual(exported(copy), section);
    for (const one of [chain, copy]) one.signTo(17, { absent: [2] });
    assert.deepEqual(exported(copy), exported(chain));
    assert.equal(chain.validator(2)!.jailed, false);
    for (const one of [chain, copy]) one.sign({ absent: [2] });
    assert.deepEqual([exported(copy), copy.validator(2)], [exported(chain), chain.validator(2)]);
    assert.equal(chain.validator(2)!.jailed, true);
  });

  it("is refused where it contradicts itself (SLASHING-9)", () => {
    const chain = new SlashChain();
    chain.signTo(4, { absent: [1] });
    const good = exported(chain);
    const infos = good.signingInfos;
    const first = infos[0]!;
    const change = (values: object): GenesisState => ({ ...good, signingInfos: [{ ...first, validatorSigningInfo: { ...first.validatorSigningInfo!, ...values } }, ...infos.slice(1)] });
    const { address } = good.missedBlocks.find(({ missedBlocks }) => missedBlocks.length > 0)!;
    const blocks = (missedBlocks: { index: bigint; missed: boolean }[]): GenesisState => ({ ...good, missedBlocks: [{ address, missedBlocks }] });
    const cases: readonly (readonly [GenesisState, RegExp])[] = [
      [{ ...good, params: { ...defaultParams(), signedBlocksWindow: 0n } }, /window must be positive/],
      [{ ...good, signingInfos: [...infos, first] }, /two signing infos/],
      [{ ...good, signingInfos: [{ address: text(1), validatorSigningInfo: undefined }] }, /dcmvalcons/],
      [{ ...good, signingInfos: [{ ...first, validatorSigningInfo: undefined }] }, /no validator_signing_info/],
      [change({ address: infos[1]!.address }), /names dcmvalcons/],
      [change({ indexOffset: -1n }), /below 0/],
      [change({ jailedUntil: { seconds: 10n ** 12n, nanos: 0 } }), /a time that is none/],
      [{ ...good, missedBlocks: [{ address: consensusText(consensus(9)), missedBlocks: [] }] }, /no signing info/],
      [{ ...good, missedBlocks: [...good.missedBlocks, good.missedBlocks[0]!] }, /twice/],
      [blocks([{ index: 1_000_000n, missed: true }]), /in no window/],
      [blocks([0n, 1n, 2n, 3n].map((index) => ({ index, missed: true }))), /missed_blocks_counter 3, but 4/],
    ];
    for (const [section, words] of cases) assert.throws(() => { slashing(chain).genesis!.check(section); }, words);
    slashing(chain).genesis!.check(blocks([{ index: 5n, missed: false }]));
  });
});

describe("slashing's invariants", () => {
  it("find out a state that breaks them (SLASHING-1, SLASHING-4, SLASHING-6)", () => {
    const broken = (damage: (chain: SlashChain) => void): string[] => {
      const chain = new SlashChain();
      chain.signTo(5, { absent: [3] });
      damage(chain);
      return Object.values(slashing(chain).invariants!).flatMap((check) => check(chain.ctx) ?? []);
    };
    assert.deepEqual(broken(() => undefined), []);
    const one = consensus(1);
    const cases: readonly (readonly [(chain: SlashChain) => void, RegExp])[] = [
      [({ ctx }) => { setMissed(ctx, one, 4n, true); }, /counts 0 missed blocks, 1 are noted/],
      [({ ctx }) => { setMissed(ctx, consensus(9), 4n, true); }, /no signing info/],
      [({ ctx }) => { missedChunks.set(ctx, [consensus(3), 1], new Uint8Array(3)); }, /ends with blocks that were signed/],
      [({ ctx }) => { counted.remove(ctx, one); }, /counted, but not in the index/],
      [({ ctx }) => { countedTotal.set(ctx, 2n); }, /3 signers are counted, 3 are in the index, 2 are said/],
      [({ ctx }) => { signers.set(ctx, one, { ...signers.find(ctx, one)!, countedFrom: 99n }); }, /which is to come/],
      [({ ctx }) => { const signer = signers.find(ctx, one)!; signers.set(ctx, one, { ...signer, info: { ...signer.info, tombstoned: true } }); }, /is tombstoned, its validator is not jailed/],
    ];
    for (const [damage, words] of cases) assert.match(broken(damage).join("; "), words);
  });

  it("hold where a slash takes all (SLASHING-3)", () => {
    const chain = new SlashChain({ slashing: { ...window10, slashFractionDowntime: decBytes("1") } });
    chain.signTo(13, { absent: [3] });
    assert.equal(chain.validator(3)!.tokens, "0");
    chain.signTo(20);
    transact(chain.stores, () => undefined, chain.block);
    assert.equal(Dec.fromProto(chain.validator(3)!.delegatorShares).isZero, false);
  });
});
