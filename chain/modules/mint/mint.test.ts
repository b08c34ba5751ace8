import assert from "node:assert/strict";
import { fromUtf8 } from "../../codec/bytes.ts";
import { Dec } from "../../math/dec.ts";
import { authority } from "../../runtime/addresses.ts";
import { TxError } from "../../runtime/errors.ts";
import { RewardsChain } from "../../../test/support/rewards.ts";
import { dec, denom, text } from "../../../test/support/stake.ts";
import { blockProvision, nextMinter } from "./inflation.ts";
import { defaultMinter, defaultParams } from "./params.ts";
import type { Params } from "../../codec/gen/cosmos/mint/v1beta1/mint.ts";
import type { QueryAnnualProvisionsResponse, QueryInflationResponse, QueryParamsResponse } from "../../codec/gen/cosmos/mint/v1beta1/query.ts";

/** What the SDK's chains begin with. */
const hub: Params = { mintDenom: denom, inflationRateChange: dec("0.13"), inflationMax: dec("0.2"), inflationMin: dec("0.07"), goalBonded: dec("0.67"), blocksPerYear: 6_311_520n };

describe("mint", () => {
  it("moves inflation towards the goal, within its bounds, digit for digit (MINT-1)", () => {
    // [inflation, bonded, supply] -> [inflation, provisions of a year, coins of a block].
    const cases: readonly (readonly [string, string, bigint, string, string, bigint])[] = [
      // Nothing bonded: 0.13 / 6,311,520 = 0.000000020597257 (1259...) more.
      ["0.13", "0", 1_000_000_000n, "0.130000020597257079", "130000020.597257079000000000", 20n],
      // At the goal it stays.
      ["0.13", "0.67", 1_000_000_000n, "0.130000000000000000", "130000000.000000000000000000", 20n],
      // All bonded: 1 - 1/0.67 = 1 - 1.492537313432835821 (rounded) = -0.492537313432835821; x 0.13 = -0.064029850746268657 (rounded); / 6,311,520 = -0.000000010144917666 (rounded).
      ["0.13", "1", 1_000_000_000n, "0.129999989855082334", "129999989.855082334000000000", 20n],
      ["0.2", "0", 1_000_000_000n, "0.200000000000000000", "200000000.000000000000000000", 31n],
      ["0.07", "1", 1_000_000_000n, "0.070000000000000000", "70000000.000000000000000000", 11n],
      // From outside the bounds it comes back at once.
      ["0.5", "0.67", 1_000_000_000n, "0.200000000000000000", "200000000.000000000000000000", 31n],
      ["0", "0.67", 6n, "0.070000000000000000", "0.420000000000000000", 0n],
    ];
    for (const [inflation, bonded, supply, wanted, provisions, coins] of cases) {
      const after = nextMinter({ inflation: dec(inflation), annualProvisions: "0" }, hub, Dec.parse(bonded), supply);
      assert.deepEqual([Dec.fromProto(after.inflation).toString(), Dec.fromProto(after.annualProvisions).toString(), blockProvision(after, hub)], [wanted, provisions, coins], `${inflation} at ${bonded}`);
    }
  });

  it("pays each block's coins through the fee collector to who stakes, in the same block (MINT-1)", () => {
    const params = { ...hub, inflationMax: dec("0.1"), inflationMin: dec("0.1"), blocksPerYear: 1_000_000n };
    const chain = new RewardsChain({ accounts: 1, distribution: { communityTax: "0" }, mint: { minter: { inflation: dec("0.1"), annualProvisions: "0" }, params } });
    chain.create(1, 1_000_000, "0");
    chain.end();
    const before = chain.staking.tokenSupply(chain.ctx);
    const events = chain.end([[1, 1]]);
    // 10^11 + 10,000 of the block before, a tenth of it a year, a millionth of that a block.
    assert.equal(before, 100_000_010_000n);
    assert.equal(chain.staking.tokenSupply(chain.ctx) - before, 10_000n);
    assert.deepEqual(events.find(({ type }) => type === "mint")?.attributes, [["bonded_ratio", "0.000009999999000000"], ["inflation", "0.100000000000000000"], ["annual_provisions", "10000001000.000000000000000000"], ["amount", "10000"]]);
    assert.equal(chain.withdraw(1, 1), "10000udcm");
    assert.equal(chain.balance(1), 99_999_010_000n);
    assert.equal(fromUtf8(chain.query<QueryInflationResponse>("Inflation", {}, "mint").inflation), dec("0.1"));
    assert.equal(fromUtf8(chain.query<QueryAnnualProvisionsResponse>("AnnualProvisions", {}, "mint").annualProvisions), Dec.parse("10000001000").toProto());
  });

  it("makes nothing unless genesis says so (MINT-2)", () => {
    const chain = new RewardsChain();
    const before = chain.staking.tokenSupply(chain.ctx);
    chain.end();
    assert.equal(chain.staking.tokenSupply(chain.ctx), before);
    assert.deepEqual(chain.query<QueryParamsResponse>("Params", {}, "mint").params, defaultParams());
  });

  it("takes parameters from governance alone, and only those that hold together (MINT-3)", () => {
    const chain = new RewardsChain();
    const update = (values: Partial<Params>, from = authority) => (): unknown => chain.run("UpdateParams", { authority: from, params: { ...hub, ...values } }, "mint");
    const refused = (act: () => unknown, wanted: string): void => { assert.throws(act, (error) => error instanceof TxError && `${error.codespace} ${error.code} ${error.message}` === wanted); };
    refused(update({}, text(1)), `gov 13 invalid authority; expected ${authority}, got ${text(1)}: expected gov account as only signer for proposal message`);
    refused(update({ mintDenom: "!" }), "undefined 1 invalid denom: !");
    refused(update({ inflationRateChange: "-1" }), "undefined 1 inflation rate change cannot be negative: -0.000000000000000001");
    refused(update({ inflationRateChange: dec("1.1") }), "undefined 1 inflation rate change too large: 1.100000000000000000");
    refused(update({ inflationMax: dec("1.1") }), "undefined 1 max inflation too large: 1.100000000000000000");
    refused(update({ inflationMax: "x" }), "undefined 1 max inflation cannot be negative: x");
    refused(update({ inflationMin: "-1" }), "undefined 1 min inflation cannot be negative: -0.000000000000000001");
    refused(update({ inflationMin: dec("0.3") }), "undefined 1 max inflation (0.200000000000000000) must be greater than or equal to min inflation (0.300000000000000000)");
    refused(update({ goalBonded: "0" }), "undefined 1 goal bonded must be positive: 0.000000000000000000");
    refused(update({ goalBonded: dec("1.1") }), "undefined 1 goal bonded too large: 1.100000000000000000");
    refused(update({ blocksPerYear: 0n }), "undefined 1 blocks per year must be positive: 0");
    refused(update({ blocksPerYear: 1n << 63n }), `undefined 1 blocks per year is beyond 2^63: ${1n << 63n}`);
    update({})();
    assert.deepEqual(chain.query<QueryParamsResponse>("Params", {}, "mint").params, hub);
    chain.end();
    assert.ok(chain.staking.tokenSupply(chain.ctx) > 900_000_000_000n);
  });

  it("refuses governance what would make money worthless within days, and makes no coin beyond 10^30 (MINT-3)", () => {
    const params = { ...hub, inflationMax: dec("1"), inflationMin: dec("1"), blocksPerYear: 1n };
    const chain = new RewardsChain({ distribution: { communityTax: "0" }, mint: { minter: { inflation: dec("1"), annualProvisions: "0" }, params } });
    assert.throws(() => chain.run("UpdateParams", { authority, params }, "mint"), (error) => error instanceof TxError && /blocks per year is at least 10000.*: 1$/.test(error.message));
    // Genesis may ask for it, as in the SDK: the supply doubles in each block.
    for (let i = 0; i < 70; i++) chain.end();
    const most = chain.staking.tokenSupply(chain.ctx);
    assert.ok(most >= 10n ** 30n && most < 2n * 10n ** 30n, String(most));
    chain.end();
    assert.equal(chain.staking.tokenSupply(chain.ctx), most);
  });

  it("exports a section that loads again, and refuses one that would not work (MINT-4)", () => {
    const minter = { inflation: dec("0.1"), annualProvisions: "5" };
    const chain = new RewardsChain({ mint: { minter, params: hub } });
    const sections = chain.exported();
    assert.deepEqual(sections.mint, { minter, params: hub });
    assert.deepEqual(new RewardsChain({ sections }).exported(), sections);
    assert.throws(() => new RewardsChain({ mint: { minter: { ...minter, inflation: "-1" }, params: hub } }), /mint parameter Inflation should be positive/);
    assert.throws(() => new RewardsChain({ mint: { minter: { ...defaultMinter(), annualProvisions: "" }, params: hub } }), /annual provisions are no decimal/);
    assert.throws(() => new RewardsChain({ mint: { minter: { ...defaultMinter(), inflation: dec("101") }, params: hub } }), /beyond/);
    assert.throws(() => new RewardsChain({ mint: { minter, params: { ...hub, blocksPerYear: 0n } } }), /blocks per year/);
  });
});
