/** Chance from a seed: the same seed gives the same run on every machine. */
import { sha256 } from "../../chain/codec/hash.ts";
import { utf8 } from "../../chain/codec/bytes.ts";
import type { Random } from "../../chain/runtime/module.ts";

/** A 32-bit small fast counting generator (sfc32), started from SHA-256 of the label. */
export function seeded(label: string): Random {
  const hash = sha256(utf8(`dcm simulation ${label}`));
  const view = new DataView(hash.buffer, hash.byteOffset, hash.length);
  let [a, b, c, d] = [view.getUint32(0), view.getUint32(4), view.getUint32(8), 1];
  const next = (): number => {
    const sum = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (let i = 0; i < 12; i++) next();
  const below = (bound: bigint): bigint => {
    if (bound <= 0n) throw new RangeError(`no number is in [0, ${bound})`);
    let value = 0n;
    for (let limit = 1n; limit < bound << 32n; limit <<= 32n) value = (value << 32n) | BigInt(next());
    return value % bound;
  };
  return {
    int: (bound) => Number(below(BigInt(bound))),
    bigint: below,
    chance: (percent) => below(100n) < BigInt(percent),
    pick: (items) => items[Number(below(BigInt(items.length)))]!,
  };
}
