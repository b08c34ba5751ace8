/** Checks that several messages share. They need no state but where they say so. */
import { addressText } from "../../codec/address.ts";
import { utf8 } from "../../codec/bytes.ts";
import { readAddress } from "../../runtime/addresses.ts";
import { fail } from "../../runtime/errors.ts";
import { isTerminal, loadBacking } from "./bids.ts";
import { errors } from "./errors.ts";
import { enumName, statusName } from "./events.ts";
import { inRange } from "./params.ts";
import { presentRate } from "./quote-denoms.ts";
import { tagsFault } from "../organization/ports.ts";
import { asks, bids, cancelledAsks, cancelledBids, classes, profiles } from "./state.ts";
import { Meter, OrderStatus, TimeInForce, type Ask, type Attribute, type Bid, type CapacityClass, type CostTag, type Params, type Premium } from "../../codec/gen/dcm/market/v1/types.ts";
import type { Context } from "../../runtime/context.ts";
import type { ProviderView } from "../staking/providers/ports.ts";
import type { MarketPorts } from "./ports.ts";

/** Highest price of a lot: leaves room for every product of the module. */
export const maxPrice = 10n ** 15n;
/** Highest tau that a message may name: about 35,000 years. */
export const maxTau = 1n << 50n;

/** The address in its canonical text. Fails with sdk 7. */
export function canonical(text: string, field: string): string {
  return addressText(readAddress(text, `invalid ${field} address`));
}

export function size(field: string, bytes: Uint8Array, length: number): void {
  if (bytes.length !== length) fail(errors.invalidField, { field, value: `${bytes.length} bytes`, limit: `${length} bytes` });
}

export function atMost(field: string, length: number, limit: number, unit: string): void {
  if (length > limit) fail(errors.invalidField, { field, value: `${length} ${unit}`, limit: `at most ${limit} ${unit}` });
}

export function textAtMost(field: string, text: string, limit: number): void {
  atMost(field, text.length > limit ? text.length : utf8(text).length, limit, "bytes");
}

const classPattern = /^[a-z][a-z0-9]*(?:\.[a-z0-9]+)*$/;

export function checkClassId(id: string): void {
  if (id.length > 64 || !classPattern.test(id)) fail(errors.invalidField, { field: "class_id", value: id, limit: "lower-case words with dots between them, at most 64 characters, like wasm.core" });
}

/** Keys unique and sorted, so that there is one way to write a set. */
export function checkSorted(field: string, keys: readonly string[]): void {
  for (let i = 1; i < keys.length; i++) if (keys[i - 1]! >= keys[i]!) fail(errors.invalidField, { field, value: `${keys[i - 1]!}, ${keys[i]!}`, limit: "sorted by key without repeats" });
}

export function checkCostTags(tags: readonly CostTag[]): void {
  const fault = tagsFault(tags);
  if (fault !== undefined) fail(errors.invalidField, fault);
}

const attributeKey = /^[a-z][a-z0-9._/-]{0,31}$/;
const attributeValue = /^[\x21-\x7e](?:[\x20-\x7e]{0,62}[\x21-\x7e])?$/;

/** As providers declare them. */
export function checkAttribute(field: string, attribute: Attribute | undefined): void {
  const { key, value } = attribute ?? { key: "", value: "" };
  if (!attributeKey.test(key)) fail(errors.invalidField, { field: `${field}.attribute.key`, value: key, limit: "1 to 32 of a-z 0-9 . _ / - beginning with a letter" });
  if (!attributeValue.test(value)) fail(errors.invalidField, { field: `${field}.attribute.value`, value, limit: "1 to 64 printable ASCII characters without spaces at its ends" });
}

/** Attributes that one ask may offer. */
const maxPremiums = 32;

export function checkPremiums(premiums: readonly Premium[]): void {
  atMost("premiums", premiums.length, maxPremiums, "attributes");
  for (const { attribute, price } of premiums) {
    checkAttribute("premiums", attribute);
    inRange("premiums.price", price, 0n, maxPrice);
  }
  checkSorted("premiums", premiums.map(({ attribute }) => attribute!.key));
}

/** Fails where an ask offers what its provider does not declare. Reads state. */
export function declared(view: ProviderView, premiums: readonly Premium[]): void {
  for (const { attribute } of premiums) {
    const { key, value } = attribute!;
    if (!view.attributes.some(([name, own]) => name === key && own === value)) fail(errors.notDeclared, { key, value });
  }
}

export function checkTimeInForce(timeInForce: TimeInForce): void {
  if (timeInForce !== TimeInForce.TIME_IN_FORCE_GTT && timeInForce !== TimeInForce.TIME_IN_FORCE_IOC && timeInForce !== TimeInForce.TIME_IN_FORCE_FOK) {
    fail(errors.invalidField, { field: "time_in_force", value: enumName(TimeInForce, timeInForce, "TIME_IN_FORCE_"), limit: "GTT, IOC or FOK" });
  }
}

export function checkUrls(field: string, urls: readonly string[]): void {
  atMost(field, urls.length, 8, "URLs");
  for (const url of urls) {
    textAtMost(field, url, 256);
    if (!/^https?:\/\/[^\s]+$/.test(url)) fail(errors.invalidField, { field, value: url, limit: "http or https URLs" });
  }
}

/** A bid's profile must be ready. Reads state. */
export function checkProfile(ctx: Context, { classId, quoteDenom, profileId }: { readonly classId: string; readonly quoteDenom: string; readonly profileId: number }): void {
  if (profileId !== 0 && profiles.find(ctx, [[classId, quoteDenom], profileId])?.ready !== true) fail(errors.unknownProfile, { id: profileId, classId, denom: quoteDenom });
}

/** What has to be matched in one batch must fit into it; `field` counts it. */
export function checkWhole(field: string, count: number, { minColocated, timeInForce }: { readonly minColocated: number; readonly timeInForce: TimeInForce }, params: Params): void {
  if (minColocated > 1 && count % minColocated !== 0) fail(errors.invalidField, { field, value: count, limit: `a multiple of min_colocated ${minColocated}` });
  if (minColocated > 1 || timeInForce === TimeInForce.TIME_IN_FORCE_FOK) inRange(`${field}, matched at once,`, count, 1, params.maxFills);
}

/** The provider's ask, in the book or with units out, not being cancelled. Reads state. */
export function ownAsk(ctx: Context, ports: MarketPorts, id: bigint, provider: string): Ask {
  const ask = asks.find(ctx, id);
  if (ask === undefined) fail(errors.unknownAsk, { id });
  if (ask.provider !== provider) fail(errors.notYours, { what: `ask ${id}`, owner: ask.provider, signer: provider });
  if (ask.status !== OrderStatus.ORDER_STATUS_OPEN) fail(errors.notOpen, { what: `ask ${id}`, status: statusName(ask.status) });
  if (ask.expiresTau < ports.clock.tau(ctx)) fail(errors.notOpen, { what: `ask ${id}`, status: "expired" });
  if (cancelledAsks.has(ctx, id)) fail(errors.cancelPending, { what: `ask ${id}` });
  return ask;
}

/** The consumer's bid that may still trade, not being cancelled. Reads state. */
export function ownBid(ctx: Context, ports: MarketPorts, id: bigint, signer: string, mayAct: (bid: Bid) => boolean = ({ consumer }) => consumer === signer): Bid {
  const bid = bids.find(ctx, id);
  if (bid === undefined) fail(errors.unknownJob, { id });
  if (!mayAct(bid)) fail(errors.notYours, { what: `bid ${id}`, owner: bid.consumer, signer });
  if (isTerminal(bid.status) || loadBacking(ctx, bid).endedTau !== 0n) fail(errors.notOpen, { what: `bid ${id}`, status: statusName(bid.status) });
  if (bid.expiresTau < ports.clock.tau(ctx)) fail(errors.notOpen, { what: `bid ${id}`, status: "expired" });
  if (cancelledBids.has(ctx, id)) fail(errors.cancelPending, { what: `bid ${id}` });
  return bid;
}

/** Who may end what was ordered: its consumer; of an organization's money its owners and admins too, and the consumer as long as it may spend that money [one that was removed accepts bad results, or closes services, behind the organization's back]. */
export function mayEnd(ctx: Context, ports: MarketPorts, { consumer, organization }: Pick<Bid, "consumer" | "organization">, signer: string): boolean {
  if (organization === "") return signer === consumer;
  return ports.organizations.manages(ctx, organization, signer) || (signer === consumer && ports.organizations.barred(ctx, organization, signer, { verification: "any" }) === undefined);
}

/** The class and the denom, open for new orders (or, where that is `agreed` already, closed too), with the price on the class's ticks. Reads state. */
export function tradable(ctx: Context, ports: MarketPorts, classId: string, denom: string, field: string, price: bigint, agreed = false): CapacityClass {
  const capacity = classes.find(ctx, classId);
  if (capacity === undefined) fail(errors.unknownClass, { classId });
  if (capacity.closed && !agreed) fail(errors.classClosed, { classId });
  presentRate(ctx, ports, denom, agreed);
  if (price % capacity.tick !== 0n) fail(errors.invalidField, { field, value: price, limit: `a multiple of the tick ${capacity.tick} of ${classId}` });
  return capacity;
}

/** What two agree outside the books is for jobs: services are refused by name. */
export function jobsOnly({ id, meter }: CapacityClass, field: string): void {
  if (meter !== Meter.METER_WORK) fail(errors.notServed, { field, value: `with class ${id}, which is metered by time,` });
}

/** A provider has a multiple of the declared run time until its commitment is late: it must be one in which a conforming host can do the lots. */
export function checkDuration({ id, maxLotMs }: CapacityClass, lots: bigint, duration: bigint): void {
  const least = lots * maxLotMs;
  if (duration < least) fail(errors.durationTooShort, { duration, lots, least, classId: id });
}

/** Whether a worker's messages count for the provider: a provider acts itself; its session keys act in its name. */
export function mayActFor(_ctx: Context, worker: string, provider: string): boolean {
  return worker === provider;
}

export function requireWorker(ctx: Context, worker: string, provider: string): void {
  if (!mayActFor(ctx, worker, provider)) fail(errors.notWorker, { worker, provider });
}

/** An expiry in tau: 0 means the longest allowed. */
export function expiry(field: string, wanted: bigint, tau: bigint, longest: bigint): bigint {
  if (wanted === 0n) return tau + longest;
  if (wanted <= tau || wanted > tau + longest) fail(errors.invalidField, { field, value: wanted, limit: `after the present tau ${tau} and at most ${longest} ms later` });
  return wanted;
}
