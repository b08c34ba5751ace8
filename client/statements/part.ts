/** What was read of a statement so far, as text: an export that was cut off goes on from it instead of from the beginning. */
import type { Holder, Read } from "./read.ts";
import type { StatementRow } from "./rows.ts";

/** Which statement a part is of. */
export interface PartOf {
  readonly chainId: string;
  readonly holder: Holder;
  /** The first height. */
  readonly from: number;
}

const amounts = ["lots", "unitPrice", "gross", "fee", "burned", "refund", "credit"] as const satisfies readonly (keyof StatementRow)[];

export function partText(of: PartOf, { through, rows }: Read): string {
  return `${JSON.stringify({ of, through, rows }, (_key, inner: unknown) => (typeof inner === "bigint" ? inner.toString() : inner))}\n`;
}

/** Undefined where the text is no part, or one of another statement. */
export function readPart(text: string, { chainId, holder, from }: PartOf): Read | undefined {
  try {
    const { of, through, rows } = JSON.parse(text) as { of: PartOf; through: number; rows: (Omit<StatementRow, (typeof amounts)[number]> & Record<(typeof amounts)[number], string>)[] };
    if (of.chainId !== chainId || of.from !== from || JSON.stringify(of.holder) !== JSON.stringify(holder) || !Number.isSafeInteger(through) || through < from - 1) return undefined;
    return { through, rows: rows.map((row) => ({ ...row, ...(Object.fromEntries(amounts.map((name) => [name, BigInt(row[name])])) as Record<(typeof amounts)[number], bigint>) })) };
  } catch {
    return undefined;
  }
}
