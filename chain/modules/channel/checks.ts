/** Checks that several messages share. */
import { addressText } from "../../codec/address.ts";
import type { CostTag } from "../../codec/gen/dcm/market/v1/types.ts";
import type { Channel } from "../../codec/gen/dcm/channel/v1/types.ts";
import { readAddress } from "../../runtime/addresses.ts";
import { isDenom, readAmount, type Money, type WireCoin } from "../../runtime/coins.ts";
import { fail } from "../../runtime/errors.ts";
import { tagsFault } from "../organization/ports.ts";
import { errors } from "./errors.ts";
import { channels } from "./state.ts";
import { isOver } from "./terms.ts";
import type { Context } from "../../runtime/context.ts";

/** Highest tau that a message may name: about 35,000 years. */
export const maxTau = 1n << 50n;

/** The address in its canonical text. Fails with sdk 7. */
export function canonical(text: string, field: string): string {
  return addressText(readAddress(text, `invalid ${field} address`));
}

/** One positive coin. */
export function coinOf(field: string, coin: WireCoin | undefined): Money {
  if (coin === undefined) fail(errors.invalidField, { field, value: "missing", limit: "one coin" });
  if (!isDenom(coin.denom)) fail(errors.invalidField, { field: `${field}.denom`, value: coin.denom, limit: "a denom: 3 to 128 characters, a letter first" });
  return { denom: coin.denom, amount: positive(`${field}.amount`, coin.amount) };
}

/** A canonical integer above 0, of at most 256 bits. */
export function positive(field: string, text: string): bigint {
  const amount = readAmount(text);
  if (amount === undefined || amount <= 0n) fail(errors.invalidField, { field, value: text === "" ? "empty" : text, limit: "a canonical integer from 1 to 2^256 - 1" });
  return amount;
}

/** Cost tags, in an organization's spend alone: nobody else has budgets. */
export function checkTags(organization: string, tags: readonly CostTag[]): void {
  if (organization.length > 64) fail(errors.invalidField, { field: "organization", value: `${organization.length} characters`, limit: "at most 64" });
  if (organization === "" && tags.length > 0) fail(errors.invalidField, { field: "cost_tags", value: `${tags.length} tags`, limit: "none without an organization" });
  const fault = tagsFault(tags);
  if (fault !== undefined) fail(errors.invalidField, fault);
}

export function inRange(field: string, value: bigint, low: bigint, high: bigint): void {
  if (value < low || value > high) fail(errors.invalidField, { field, value, limit: `from ${low} to ${high}` });
}

/** Fails where there is none, swept or never opened. */
export function channelOf(ctx: Context, id: bigint): Channel {
  const channel = channels.find(ctx, id);
  if (channel === undefined) fail(errors.unknownChannel, { id });
  return channel;
}

/** A channel whose end, swept or not, is not over. */
export function livingChannel(ctx: Context, id: bigint, tau: bigint): Channel {
  const channel = channelOf(ctx, id);
  if (isOver(channel, tau)) fail(errors.channelEnded, { id, ends: channel.endsTau, tau });
  return channel;
}
