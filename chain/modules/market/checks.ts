/** Checks that several messages share. They need no state but where they say so. */
import { addressText } from "../../codec/address.ts";
import { utf8 } from "../../codec/bytes.ts";
import { readAddress } from "../../runtime/addresses.ts";
import { fail } from "../../runtime/errors.ts";
import { classes } from "./state.ts";
import { errors } from "./errors.ts";
import type { CapacityClass, CostTag } from "../../codec/gen/dcm/market/v1/types.ts";
import type { Context } from "../../runtime/context.ts";
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
  atMost("cost_tags", tags.length, 16, "tags");
  checkSorted("cost_tags", tags.map((tag) => tag.key));
  for (const { key, value } of tags) {
    if (key === "") fail(errors.invalidField, { field: "cost_tags.key", value: "empty", limit: "1 to 64 bytes" });
    textAtMost("cost_tags.key", key, 64);
    textAtMost("cost_tags.value", value, 128);
  }
}

/** The class, open for new orders, with the price on its ticks and the denom that is served. Reads state. */
export function tradable(ctx: Context, ports: MarketPorts, classId: string, denom: string, field: string, price: bigint): CapacityClass {
  const capacity = classes.find(ctx, classId);
  if (capacity === undefined) fail(errors.unknownClass, { classId });
  if (capacity.closed) fail(errors.classClosed, { classId });
  const expected = ports.providers.bondDenom(ctx);
  if (denom !== expected) fail(errors.wrongDenom, { denom, expected });
  if (price % capacity.tick !== 0n) fail(errors.invalidField, { field, value: price, limit: `a multiple of the tick ${capacity.tick} of ${classId}` });
  return capacity;
}

/** Whether a worker's messages count for the provider. Session keys come later: for now a provider acts itself. */
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
