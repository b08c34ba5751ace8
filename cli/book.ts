/** dcm book: both sides of one book as a table with bars, and what its prices were. */
import pc from "picocolors";
import { Meter, type CapacityClass } from "../chain/codec/gen/dcm/market/v1/types.ts";
import type { Level, QueryBookResponse } from "../chain/codec/gen/dcm/market/v1/query.ts";
import type { Connection } from "../client/connection.ts";
import { CliError, columns, exitCodes, jsonText, type Io } from "./io.ts";
import { bondDenom, openNet, type NetOptions } from "./net.ts";
import { grouped } from "./screen.ts";

export interface BookOptions extends NetOptions {
  readonly denom?: string | undefined;
  readonly levels: string;
  readonly json?: true | undefined;
}

const lastTrades = 10n;
const widest = 40;

export async function book(io: Io, classId: string, options: BookOptions): Promise<void> {
  const levels = Number(options.levels);
  if (!Number.isInteger(levels) || levels < 1 || levels > 500) throw new CliError(exitCodes.usage, `--levels ${options.levels} is no number from 1 to 500`);
  const { connection } = await openNet(io, options);
  try {
    const { market } = connection.query;
    const capacity = await classNamed(connection, classId);
    const denom = options.denom ?? await bondDenom(connection);
    await checkDenom(connection, denom);
    const name = { classId, quoteDenom: denom };
    const [depth, index, { trades }] = await Promise.all([
      market.book({ ...name, levels }), market.index(name), market.trades({ ...name, pagination: { key: new Uint8Array(0), offset: 0n, limit: lastTrades, countTotal: false, reverse: true } }),
    ]);
    if (options.json === true) return io.stdout(`${jsonText({ ...depth, index: { price: index.price, lots: index.lots }, trades })}\n`);
    const paint = pc.createColors(io.colours);
    const { referencePrice, lastPrice } = depth.book!;
    const price = (value: bigint): string => (value === 0n ? "none yet" : grouped(value));
    io.stdout(`${[
      `${paint.bold(classId)} in ${denom}; prices are for one lot: ${lotOf(capacity)}`,
      `last ${price(lastPrice)}, reference ${price(referencePrice)}, index of 24 h ${price(index.price)}`,
      "",
      ladder(depth, paint),
      ...(trades.length === 0 ? [] : ["", columns([["block", "price", "tasks", "lots"], ...trades.map((trade) => [String(trade.height), grouped(trade.price), grouped(trade.units), grouped(trade.lots)])])]),
    ].join("\n")}\n`);
  } finally {
    connection.close();
  }
}

/** What one lot of a class is, for people. */
export function lotOf({ meter, meterPerLot }: Pick<CapacityClass, "meter" | "meterPerLot">): string {
  if (meter === Meter.METER_TIME) return "one unit for a minute";
  const [, zeros] = /^1(0*)$/.exec(String(meterPerLot)) ?? [];
  return `${zeros === undefined ? grouped(meterPerLot) : `10^${zeros.length}`} metered instructions`;
}

/** Dearest ask first, then bids: the spread is where the sides meet. Bars add up from there. */
export function ladder({ asks, bids }: Pick<QueryBookResponse, "asks" | "bids">, { red, green }: Pick<typeof pc, "red" | "green">): string {
  const heaped = (levels: readonly Level[]): bigint[] => levels.map((_, i) => levels.slice(0, i + 1).reduce((sum, { units }) => sum + units, 0n));
  const sides = [{ side: "ask", levels: asks, sums: heaped(asks), colour: red }, { side: "bid", levels: bids, sums: heaped(bids), colour: green }] as const;
  const most = sides.flatMap(({ sums }) => sums).reduce((greatest, sum) => (sum > greatest ? sum : greatest), 1n);
  const rows = sides.flatMap(({ side, levels, sums, colour }) => {
    const lines = levels.map(({ price, units, orders }, i) => ({ cells: [side, grouped(price), grouped(units), String(orders), grouped(sums[i]!)], bar: colour("█".repeat(Math.max(1, Number((sums[i]! * BigInt(widest)) / most)))) }));
    return side === "ask" ? lines.reverse() : lines;
  });
  if (rows.length === 0) return "nobody offers and nobody bids";
  const [head, ...lines] = columns([["side", "price", "units", "orders", "in all"], ...rows.map(({ cells }) => cells)]).split("\n");
  return [head, ...lines.map((line, i) => `${line.padEnd(head!.length)}  ${rows[i]!.bar}`)].join("\n");
}

/** Throws a CliError that names those there are, where there is none of this name. */
export async function classNamed({ query }: Connection, classId: string) {
  const { classes } = await query.market.classes();
  const found = classes.find(({ id }) => id === classId);
  if (found === undefined) throw new CliError(exitCodes.notFound, `there is no class ${classId.slice(0, 64)}`, `There is ${classes.map(({ id }) => id).join(", ")}.`);
  return found;
}

async function checkDenom({ query }: Connection, denom: string): Promise<void> {
  const { bondDenom: bond, quoteDenoms } = await query.market.quoteDenoms();
  const known = [bond, ...quoteDenoms.map((one) => one.denom)];
  if (!known.includes(denom)) throw new CliError(exitCodes.notFound, `no book quotes in ${denom.slice(0, 128)}`, `Books quote in ${known.join(", ")}.`);
}
