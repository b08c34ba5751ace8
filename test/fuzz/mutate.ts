/** Damage: bytes that were a transaction, messages whose fields are not what they were, JSON that was a genesis. */
import type { Random } from "../../chain/runtime/module.ts";

/** One to four edits of the bytes: flips, cuts, repeats, insertions, overwritten lengths. */
export function mutateBytes(bytes: Uint8Array, random: Random): Uint8Array {
  let out = bytes;
  for (let i = 1 + random.int(4); i > 0 && out.length > 0; i--) out = mutateOnce(out, random);
  return out;
}

function mutateOnce(bytes: Uint8Array, random: Random): Uint8Array {
  const at = random.int(bytes.length);
  const length = 1 + random.int(Math.min(16, bytes.length - at));
  const splice = (middle: Uint8Array, skip: number): Uint8Array => Uint8Array.from([...bytes.subarray(0, at), ...middle, ...bytes.subarray(at + skip)]);
  switch (random.int(6)) {
    case 0: return splice(Uint8Array.of(bytes[at]! ^ (1 << random.int(8))), 1);
    case 1: return bytes.slice(0, at);
    case 2: return splice(bytes.slice(at, at + length), 0);
    case 3: return splice(new Uint8Array(0), length);
    case 4: return splice(Uint8Array.from({ length }, () => random.int(256)), 0);
    default: return splice(Uint8Array.from({ length }, () => random.pick([0, 1, 0x7f, 0x80, 0xff])), length);
  }
}

const texts = ["", " ", "0", "-1", "00", "1e3", "9".repeat(80), "NaN", "__proto__", "constructor", "toString", "\u0000", "é", "\ud83d\ude00", "A".repeat(10_000), "udcm", "UDCM", "ibc/x", "dcm1", "/", "../../x", "cosmos1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqnrql8a"];
const numbers = [0n, 1n, -1n, 2n ** 31n, 2n ** 53n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n];

/** A copy in which each leaf is, by this chance in percent, another value of its kind, and lists lose or repeat entries. */
export function mutateFields(value: unknown, random: Random, percent: number): unknown {
  const changes = random.chance(percent);
  if (typeof value === "string") return changes ? random.pick(texts) : value;
  if (typeof value === "bigint") return changes ? random.pick(numbers) : value;
  if (typeof value === "number") return changes ? random.pick([0, 1, 7, 127, 2 ** 31 - 1]) : value;
  if (typeof value === "boolean") return changes ? !value : value;
  if (value instanceof Uint8Array) return changes ? random.pick([new Uint8Array(0), mutateBytes(value, random), new Uint8Array(32), new Uint8Array(5_000)]) : value;
  if (Array.isArray(value)) {
    const items = value.map((item) => mutateFields(item, random, percent));
    if (!changes || items.length === 0) return items;
    return random.pick([[], [...items, items[0]], items.slice(1), Array.from({ length: 200 }, () => items[0])]);
  }
  if (value === null || typeof value !== "object") return value;
  if (changes && random.chance(20)) return undefined;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, mutateFields(field, random, percent)]));
}

const scraps: readonly unknown[] = [null, true, false, 0, -1, 1.5, 1e300, "", "x", [], {}, [[]], { "@type": "/cosmos.auth.v1beta1.BaseAccount" }, { "@type": "/no.Such" }, "9".repeat(100), "1".repeat(20), { __proto__: 1 }];

/** JSON with a few places replaced, removed, repeated or renamed. */
export function mutateJson(json: unknown, random: Random, percent: number): unknown {
  if (random.chance(percent)) return random.pick(scraps);
  if (typeof json === "string") return random.chance(percent) ? random.pick(texts) : json;
  if (Array.isArray(json)) {
    const items = json.map((item: unknown) => mutateJson(item, random, percent));
    return random.chance(percent) ? [...items, ...items] : random.chance(percent) ? items.slice(1) : items;
  }
  if (json === null || typeof json !== "object") return json;
  return Object.fromEntries(Object.entries(json).flatMap(([name, value]) => (random.chance(percent) ? (random.chance(50) ? [] : [[`${name}_`, value]]) : [[name, mutateJson(value, random, percent)]])));
}
