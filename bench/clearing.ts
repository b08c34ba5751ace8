/** Clears books of 10^3 to 10^6 orders with the pure function of the market, everything crossing, and small batches on big resting books. */
import { sha256 } from "../chain/codec/hash.ts";
import { utf8 } from "../chain/codec/bytes.ts";
import { clear, type AskOrder, type Batch, type BidOrder, type Guard } from "../chain/modules/market/matching.ts";
import { figure, machine, type Benchmark, type Figure } from "./benchmark.ts";

const seed = sha256(utf8("clearing"));
const unlimited = { maxFills: Number.MAX_SAFE_INTEGER, skipsPerUnit: 256, maxSkips: 100_000, maxWhole: 5_000 };
const clearBook = (asks: readonly AskOrder[], bids: readonly BidOrder[]): Batch => clear({ profiles: [0], asks: () => asks, bids, membershipsOf: () => [] }, seed, unlimited);

/** A small generator of our own, so that every run clears the same books. */
function random(start: number): (bound: number) => number {
  let state = start;
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}

/** Half asks, half bids, 1 to 4 units, sorted as the state keeps them. With `crossing` every bid can pay every ask. */
function book(orders: number, crossing: boolean): { asks: AskOrder[]; bids: BidOrder[] } {
  const next = random(7);
  const asks: AskOrder[] = [];
  const bids: BidOrder[] = [];
  for (let i = 0; i < orders / 2; i++) {
    const id = BigInt(i + 1);
    const base = BigInt(1_000 + next(100_000));
    asks.push({ id, owner: `provider${next(1_000)}`, organization: "", height: id, base, premium: 0n, rank: base, attributes: 0, units: 1 + next(4), colocated: 1, notice: 0n, acceptance: 0n, levels: -1, preemptible: false, until: 1n, bond: 1_000_000n, free: 0n, memberships: [], kind: "" });
    const limit = BigInt((crossing ? 200_000 : 500) + next(crossing ? 100_000 : 490));
    bids.push({ id, owner: `consumer${next(1_000)}`, organization: "", height: id, limit, tasks: 1 + next(4), profile: 0, whole: false, colocated: 1, notice: 0n, acceptance: 0n, level: 0, preemptible: false, end: 0n, replicas: 1, stake: 1_000n, excluded: [], guard: undefined });
  }
  asks.sort((a, b) => (a.base !== b.base ? (a.base < b.base ? -1 : 1) : a.id < b.id ? -1 : 1));
  bids.sort((a, b) => (a.limit !== b.limit ? (a.limit > b.limit ? -1 : 1) : a.id < b.id ? -1 : 1));
  // One after the other in memory.
  return { asks: asks.map((ask) => ({ ...ask })), bids: bids.map((bid) => ({ ...bid })) };
}

/** The same book, each order with its numbers, texts and lists beside it in memory, as where it was just decoded. Those of `book` lie in the order in which they were placed, far from each other. */
function decoded({ asks, bids }: { readonly asks: readonly AskOrder[]; readonly bids: readonly BidOrder[] }): { asks: AskOrder[]; bids: BidOrder[] } {
  const number = (value: bigint): bigint => BigInt(Number(value));
  const text = (value: string): string => Buffer.from(value).toString();
  return {
    asks: asks.map((ask) => ({ ...ask, id: number(ask.id), owner: text(ask.owner), height: number(ask.height), base: number(ask.base), rank: number(ask.rank), memberships: [...ask.memberships] })),
    bids: bids.map((bid) => ({ ...bid, id: number(bid.id), owner: text(bid.owner), height: number(bid.height), limit: number(bid.limit), excluded: [...bid.excluded] })),
  };
}

/** The same bids, each of one of 100 organizations, each of which refuses one provider in ten. */
function guarded(bids: readonly BidOrder[]): BidOrder[] {
  const guards = Array.from({ length: 100 }, (_, i): Guard => {
    const known = new Map<string, boolean>();
    return {
      admits({ owner }) {
        let answer = known.get(owner);
        if (answer === undefined) known.set(owner, (answer = (owner.length * 7 + owner.charCodeAt(owner.length - 1) + i) % 10 !== 0));
        return answer;
      },
    };
  });
  return bids.map((bid, i) => ({ ...bid, guard: guards[i % guards.length] }));
}

/** What a book costs whose bids are all held against their organizations' policies, beside the same book without. */
function guardedBooks(size: number, runs: number): Figure[] {
  const { asks, bids } = book(size, true);
  const held = guarded(bids);
  const samples: Record<"free" | "guarded", number[]> = { free: [], guarded: [] };
  clearBook(asks, bids);
  clearBook(asks, held);
  for (let i = 0; i < runs; i++) {
    for (const [name, side] of [["free", bids], ["guarded", held]] as const) {
      const cpu = process.cpuUsage();
      for (let j = 0; j < Math.max(1, Math.floor(100_000 / size)); j++) clearBook(asks, side);
      const { user, system } = process.cpuUsage(cpu);
      samples[name].push((user + system) / 1_000);
    }
  }
  const [free, withGuards] = [figure("", "", samples.free), figure("", "", samples.guarded)];
  return [figure("guarded_cost_ratio", `${size} orders, each bid of an organization with a policy, to none`, [withGuards.median / free.median])];
}

/** Orders of a book cleared in a second, of the clock and of CPU. */
async function cleared({ asks, bids }: ReturnType<typeof book>, name: string, runs: number): Promise<{ readonly made: Figure; readonly perCpu: Figure }> {
  const size = asks.length + bids.length;
  // Small books are cleared many times a sample, so that the clock can tell.
  const repeats = Math.max(1, Math.floor(200_000 / size));
  for (let i = 0; i < Math.min(repeats, 20); i++) clearBook(asks, bids);
  const samples: number[] = [];
  const cpuSamples: number[] = [];
  for (let i = 0; i < runs; i++) {
    const cpu = process.cpuUsage();
    const start = performance.now();
    for (let j = 0; j < repeats; j++) clearBook(asks, bids);
    samples.push((size * repeats * 1_000) / (performance.now() - start));
    const { user, system } = process.cpuUsage(cpu);
    cpuSamples.push((size * repeats * 1_000_000) / (user + system));
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { made: figure(`orders_per_s_${name}`, "orders/s", samples), perCpu: figure(`orders_per_cpu_s_${name}`, "orders/CPU s", cpuSamples) };
}

const clearing: Benchmark = {
  name: "clearing",
  description: "batch auction: orders cleared a second, and how the cost of an order grows with the book",
  async run({ runs, quick, progress }) {
    const sizes = quick ? [1_000, 10_000] : [1_000, 10_000, 100_000, 1_000_000];
    const figures: Figure[] = [];
    const ratio = (name: string, [smallest, largest]: readonly [Figure, Figure]): Figure => figure(name, `${sizes.at(-1)!} to ${sizes[0]!} orders`, [smallest.median / largest.median]);
    const perCpus: Figure[] = [];
    let last = figure("", "", []);
    for (const size of sizes) {
      progress(`clearing a book of ${size} orders`);
      const { made, perCpu } = await cleared(book(size, true), String(size), runs);
      figures.push(made, perCpu);
      last = made;
      perCpus.push(perCpu);
    }
    figures.push(figure("orders_per_s", "orders/s", [last.min, last.median, last.max]));
    figures.push(ratio("cost_per_order_ratio", [perCpus[0]!, perCpus.at(-1)!]));
    const decodedPerCpus: Figure[] = [];
    for (const size of [sizes[0]!, sizes.at(-1)!]) {
      progress(`clearing a book of ${size} orders, each in one place`);
      const { made, perCpu } = await cleared(decoded(book(size, true)), `decoded_${size}`, runs);
      figures.push(made, perCpu);
      decodedPerCpus.push(perCpu);
    }
    figures.push(ratio("decoded_cost_per_order_ratio", [decodedPerCpus[0]!, decodedPerCpus[1]!]));
    figures.push(...restingBooks(sizes, runs), ...guardedBooks(10_000, runs));
    return { name: "clearing", figures, configuration: { sizes, units: "1 to 4", orders: "half asks, half bids, all crossing", runs }, versions: machine() };
  },
};

/** One batch of 100 bids over a big resting book: what it costs must not depend on what rests. */
function restingBooks(sizes: readonly number[], runs: number): Figure[] {
  return [sizes[0]!, sizes.at(-1)!].map((size) => {
    const { asks } = book(size, false);
    const bids = book(200, true).bids;
    const samples: number[] = [];
    for (let i = 0; i < runs; i++) {
      const start = performance.now();
      for (let j = 0; j < 50; j++) clearBook(asks, bids);
      samples.push(((performance.now() - start) * 1_000) / 50);
    }
    return figure(`batch_us_on_${size}_resting`, "us", samples);
  });
}

export default clearing;
