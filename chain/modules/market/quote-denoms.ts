/** The registry of quote denoms: what governance lets books quote prices in, beside the bond denom. */
import type { QuoteDenom, QuoteRate } from "../../codec/gen/dcm/market/v1/types.ts";
import { isDenom } from "../../runtime/coins.ts";
import { fail } from "../../runtime/errors.ts";
import { errors } from "./errors.ts";
import { emit } from "./events.ts";
import { inRange } from "./params.ts";
import { maxRateUnits, oneForOne } from "./rate.ts";
import { collect, quoteDenoms } from "./state.ts";
import type { Context } from "../../runtime/context.ts";
import type { Random } from "../../runtime/module.ts";
import type { MarketPorts } from "./ports.ts";

/** Records of the registry: they are never removed, and invariants walk over all. */
export const maxQuoteDenoms = 64;

/** Fails with `invalidField` where no bank could hold coins of it. */
export function checkDenom(field: string, denom: string): void {
  if (!isDenom(denom)) fail(errors.invalidField, { field, value: denom, limit: "a denom: 3 to 128 letters, digits and / : . _ - beginning with a letter" });
}

export function checkRate(field: string, rate: QuoteRate | undefined): void {
  if (rate === undefined) fail(errors.invalidField, { field, value: "missing", limit: "given" });
  inRange(`${field}.bond_units`, rate.bondUnits, 1n, maxRateUnits);
  inRange(`${field}.quote_units`, rate.quoteUnits, 1n, maxRateUnits);
}

export function checkQuoteDenom(given: QuoteDenom | undefined): QuoteDenom {
  if (given === undefined) fail(errors.invalidField, { field: "quote_denom", value: "missing", limit: "given" });
  checkDenom("quote_denom.denom", given.denom);
  checkRate("quote_denom.rate", given.rate);
  return given;
}

export function saveQuoteDenom(ctx: Context, ports: MarketPorts, next: QuoteDenom): void {
  const { denom, closed } = next;
  if (denom === ports.providers.bondDenom(ctx)) fail(errors.bondDenomFixed, { denom });
  if (!quoteDenoms.has(ctx, denom) && collect(ctx, quoteDenoms, maxQuoteDenoms).length >= maxQuoteDenoms) fail(errors.tooManyDenoms, { limit: maxQuoteDenoms });
  quoteDenoms.set(ctx, denom, next);
  emit(ctx, "EventQuoteDenomSet", { denom, bond_units: next.rate!.bondUnits, quote_units: next.rate!.quoteUnits, closed: String(closed) });
}

/** As a record, the bond denom too. Undefined where nothing may be quoted in it. */
export function findQuoteDenom(ctx: Context, ports: MarketPorts, denom: string): QuoteDenom | undefined {
  return denom === ports.providers.bondDenom(ctx) ? { denom, rate: { ...oneForOne }, closed: false } : quoteDenoms.find(ctx, denom);
}

/** The rate for a job that is placed now; undefined for the bond denom. Fails where the denom takes no new orders, but for what is `agreed` already. */
export function presentRate(ctx: Context, ports: MarketPorts, denom: string, agreed = false): QuoteRate | undefined {
  const expected = ports.providers.bondDenom(ctx);
  if (denom === expected) return undefined;
  const found = quoteDenoms.find(ctx, denom);
  if (found === undefined) fail(errors.wrongDenom, { denom, expected });
  if (found.closed && !agreed) fail(errors.denomClosed, { denom });
  return found.rate;
}

/** Why a job of this denom cannot have that rate: in the bond denom it has none, in another one that is in bounds. */
export function rateFault(bondDenom: string, denom: string, rate: QuoteRate | undefined): string | undefined {
  if (denom === bondDenom) return rate === undefined ? undefined : "has a rate in the bond denom";
  const fits = (side: bigint | undefined): boolean => side !== undefined && side >= 1n && side <= maxRateUnits;
  return fits(rate?.bondUnits) && fits(rate?.quoteUnits) ? undefined : `has no rate for ${denom}`;
}

/** For simulations: the bond denom or a registered one, closed ones too. */
export function anyDenom(ctx: Context, ports: MarketPorts, random: Random): string {
  return random.pick([ports.providers.bondDenom(ctx), ...Array.from(quoteDenoms.entries(ctx), ([denom]) => denom)]);
}
