/** The tree of weights that draws look into: 16 children a node, 5 levels, so a draw or a change touches 5 nodes, whatever the number of jurors. */
import { uint64Bytes, readUint64 } from "../../../codec/bytes.ts";
import { sha256 } from "../../../codec/hash.ts";
import { assert } from "../../../runtime/errors.ts";
import { freePlaces, jurorsAt, nextPlace, nodes, places } from "./state.ts";
import type { Context } from "../../../runtime/context.ts";

const [bits, levels] = [4, 5];
const children = 1 << bits;
/** Jurors that the tree has room for. */
export const capacity = 1 << (bits * levels);

/** The node above this place at a level, and which of its children leads there. */
function step(place: number, level: number): { readonly index: number; readonly child: number } {
  const below = bits * (levels - 1 - level);
  return { index: place >>> (below + bits), child: (place >>> below) & (children - 1) };
}

function sumsOf(ctx: Context, level: number, index: number): bigint[] {
  const { sums } = nodes.find(ctx, [level, index]) ?? { sums: [] };
  return Array.from({ length: children }, (_, i) => BigInt(sums[i] ?? "0"));
}

function save(ctx: Context, level: number, index: number, sums: readonly bigint[]): void {
  let length = sums.length;
  while (length > 0 && sums[length - 1] === 0n) length--;
  if (length === 0) nodes.remove(ctx, [level, index]);
  else nodes.set(ctx, [level, index], { sums: sums.slice(0, length).map(String) });
}

const sumOf = (sums: readonly bigint[]): bigint => sums.reduce((total, one) => total + one, 0n);

/** Gives a juror a place; false where there is none. */
export function takePlace(ctx: Context, juror: Uint8Array): boolean {
  const left = freePlaces.first(ctx)?.[0];
  const next = nextPlace.find(ctx) ?? 0n;
  if (left === undefined && next >= BigInt(capacity)) return false;
  if (left === undefined) nextPlace.set(ctx, next + 1n);
  else freePlaces.remove(ctx, left);
  const place = left ?? next;
  places.set(ctx, juror, place);
  jurorsAt.set(ctx, place, juror);
  return true;
}

/** The juror is gone; its weight is 0 from now on. */
export function leavePlace(ctx: Context, juror: Uint8Array): void {
  setWeight(ctx, juror, 0n);
  const place = places.find(ctx, juror)!;
  places.remove(ctx, juror);
  jurorsAt.remove(ctx, place);
  freePlaces.set(ctx, place, true);
}

export function setWeight(ctx: Context, juror: Uint8Array, weight: bigint): void {
  const place = Number(places.find(ctx, juror)!);
  const leaf = step(place, levels - 1);
  const change = weight - sumsOf(ctx, levels - 1, leaf.index)[leaf.child]!;
  if (change === 0n) return;
  for (let level = 0; level < levels; level++) {
    const { index, child } = step(place, level);
    const sums = sumsOf(ctx, level, index);
    sums[child] = sums[child]! + change;
    assert(sums[child] >= 0n, `jurors: the weight below node ${level}/${index} is negative`);
    save(ctx, level, index, sums);
  }
}

/** What the tree has for the juror; it may be a block behind the bond. */
export function weightIn(ctx: Context, juror: Uint8Array): bigint {
  const { index, child } = step(Number(places.find(ctx, juror)!), levels - 1);
  return sumsOf(ctx, levels - 1, index)[child]!;
}

export const totalWeight = (ctx: Context): bigint => sumOf(sumsOf(ctx, 0, 0));

/** What is wrong with the tree, or undefined: each sum is that of the node below, and there are no others. */
export function treeFault(ctx: Context): string | undefined {
  let inner = 0;
  for (const [[level, index], { sums }] of nodes.entries(ctx)) {
    for (const [child, sum] of sums.entries()) {
      const below = level === levels - 1 ? undefined : sumOf(sumsOf(ctx, level + 1, index * children + child));
      if (below !== undefined && below !== BigInt(sum)) return `node ${level}/${index} has ${sum} below child ${child}, where ${below} is`;
      if (below !== undefined && below !== 0n) inner++;
      if (level === levels - 1 && sum !== "0" && !jurorsAt.has(ctx, BigInt(index * children + child))) return `place ${index * children + child} weighs ${sum}, and nobody has it`;
    }
    if (level > 0) inner--;
  }
  return inner === 0 ? undefined : `${-inner} nodes of the tree hang in the air`;
}

/**
 * Jurors one after the other, each with a chance in proportion to its weight, none twice: whoever was picked weighs nothing for the rest, on a copy in memory.
 * Which they are follows from the seed and the subject alone; it ends when nothing is left that weighs.
 */
export function* picks(ctx: Context, seed: Uint8Array, subject: Uint8Array): IterableIterator<Uint8Array> {
  const copies = new Map<number, bigint[]>();
  const copyOf = (level: number, index: number): bigint[] => {
    const name = level * capacity + index;
    const known = copies.get(name);
    if (known !== undefined) return known;
    const made = sumsOf(ctx, level, index);
    copies.set(name, made);
    return made;
  };
  for (let pick = 0n; ; pick++) {
    const total = sumOf(copyOf(0, 0));
    if (total === 0n) return;
    const digest = sha256(seed, subject, uint64Bytes(pick));
    let rest = ((readUint64(digest) << 64n) | readUint64(digest, 8)) % total;
    const path: { readonly sums: bigint[]; readonly child: number }[] = [];
    let index = 0;
    for (let level = 0; level < levels; level++) {
      const sums = copyOf(level, index);
      let child = 0;
      while (rest >= sums[child]!) rest -= sums[child++]!;
      path.push({ sums, child });
      index = index * children + child;
    }
    const weight = path.at(-1)!.sums[path.at(-1)!.child]!;
    for (const { sums, child } of path) sums[child] = sums[child]! - weight;
    const juror = jurorsAt.find(ctx, BigInt(index));
    assert(juror !== undefined, `jurors: place ${index} weighs ${weight}, and nobody has it`);
    yield juror;
  }
}
