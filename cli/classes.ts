/** dcm classes: what can be bought. */
import { Meter } from "../chain/codec/gen/dcm/market/v1/types.ts";
import { allPages } from "../client/pages.ts";
import { lotOf } from "./book.ts";
import { columns, print, type Io } from "./io.ts";
import { openNet, type NetOptions } from "./net.ts";
import { grouped } from "./screen.ts";

export async function classes(io: Io, options: NetOptions & { readonly json?: true | undefined }): Promise<void> {
  const { connection } = await openNet(io, options);
  try {
    const { market } = connection.query;
    const [all, books] = await Promise.all([allPages((pagination) => market.classes({ pagination }), (page) => page.classes), allPages((pagination) => market.books({ pagination }), (page) => page.books)]);
    const best = await Promise.all(books.map(async ({ classId, quoteDenom }) => ({ classId, text: `${grouped((await market.book({ classId, quoteDenom, levels: 1 })).asks[0]?.price ?? 0n)} ${quoteDenom}` })));
    const rows = all.map((one) => [
      one.id, one.meter === Meter.METER_WORK ? "jobs" : "services", lotOf(one), one.resources!.cpuMilli === 0 ? "" : String(one.resources!.cpuMilli / 1_000), one.resources!.memoryBytes === 0n ? "" : `${grouped(one.resources!.memoryBytes >> 20n)} MiB`, grouped(one.maxLots),
      one.closed ? "closed" : best.filter(({ classId, text }) => classId === one.id && !text.startsWith("0 ")).map(({ text }) => text).join(", ") || "nobody offers",
    ]);
    print(io, options.json, { classes: all, books }, columns([["class", "for", "one lot", "cores", "memory", "most lots", "from (a lot)"], ...rows]));
  } finally {
    connection.close();
  }
}
