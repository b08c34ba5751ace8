/** Parameters of `cosmos.mint.v1beta1`. */
import { Dec } from "../../math/dec.ts";
import { MathError } from "../../math/int.ts";
import { isDenom } from "../../runtime/coins.ts";
import type { Minter, Params } from "../../codec/gen/cosmos/mint/v1beta1/mint.ts";

/** MINT-2: no inflation where genesis does not ask for it. Blocks of five seconds, as the SDK's default. */
export function defaultParams(): Params {
  return { mintDenom: "udcm", inflationRateChange: "0", inflationMax: "0", inflationMin: "0", goalBonded: Dec.withPrecision(67n, 2).toProto(), blocksPerYear: 6_311_520n };
}

export function defaultMinter(): Minter {
  return { inflation: "0", annualProvisions: "0" };
}

/** No year of a supply comes near 2^256: inflation beyond a hundredfold is a mistake. */
const mostInflation = Dec.fromInt(100n);

export function paramsFault(p: Params): string | undefined {
  if (!isDenom(p.mintDenom)) return `invalid denom: ${p.mintDenom.slice(0, 160)}`;
  const change = readDec(p.inflationRateChange);
  if (change === undefined || change.isNegative) return `inflation rate change cannot be negative: ${shown(p.inflationRateChange)}`;
  if (change.gt(Dec.one)) return `inflation rate change too large: ${change.toString()}`;
  const most = readDec(p.inflationMax);
  if (most === undefined || most.isNegative) return `max inflation cannot be negative: ${shown(p.inflationMax)}`;
  if (most.gt(Dec.one)) return `max inflation too large: ${most.toString()}`;
  const least = readDec(p.inflationMin);
  if (least === undefined || least.isNegative) return `min inflation cannot be negative: ${shown(p.inflationMin)}`;
  if (least.gt(Dec.one)) return `min inflation too large: ${least.toString()}`;
  const goal = readDec(p.goalBonded);
  if (goal === undefined || !goal.isPositive) return `goal bonded must be positive: ${shown(p.goalBonded)}`;
  if (goal.gt(Dec.one)) return `goal bonded too large: ${goal.toString()}`;
  if (p.blocksPerYear >= 1n << 63n) return `blocks per year is beyond 2^63: ${p.blocksPerYear}`;
  if (p.blocksPerYear <= 0n) return `blocks per year must be positive: ${p.blocksPerYear}`;
  if (most.lt(least)) return `max inflation (${most.toString()}) must be greater than or equal to min inflation (${least.toString()})`;
  return undefined;
}

/** Fewer, and the supply would double in less than an hour of blocks. */
const fewestBlocksPerYear = 10_000n;

/** The sentence that says why parameters that hold together would make money worthless within days: governance is refused those. */
export function brickFault(p: Params): string | undefined {
  return p.blocksPerYear < fewestBlocksPerYear ? `blocks per year is at least ${fewestBlocksPerYear}, as each block makes its part of a year's coins: ${p.blocksPerYear}` : undefined;
}

/** No coins are made beyond this supply: sums of tokens, shares and rewards stay far from the widest numbers. */
export const mostSupply = 10n ** 30n;

export function minterFault({ inflation, annualProvisions }: Minter): string | undefined {
  const rate = readDec(inflation);
  if (rate === undefined || rate.isNegative) return `mint parameter Inflation should be positive, is ${shown(inflation)}`;
  if (rate.gt(mostInflation)) return `mint parameter Inflation is beyond ${mostInflation.toString()}: ${rate.toString()}`;
  const provisions = readDec(annualProvisions);
  return provisions === undefined || provisions.isNegative ? `annual provisions are no decimal from 0: ${shown(annualProvisions)}` : undefined;
}

const shown = (text: string): string => readDec(text)?.toString() ?? text.slice(0, 80);

function readDec(text: string): Dec | undefined {
  try {
    return Dec.fromProto(text);
  } catch (error) {
    if (error instanceof MathError) return undefined;
    throw error;
  }
}
