/**
 * What the batch auction gives up for being a sequence by price: its gain from trade against the best assignment there is, on random books with
 * profiles, premiums and windows. The best assignment comes from successive shortest augmenting paths (Busacker and Gowen), unit by unit.
 */
import { utf8, uint64Bytes } from "../chain/codec/bytes.ts";
import { sha256 } from "../chain/codec/hash.ts";
import { clear, type AskOrder, type BidOrder } from "../chain/modules/market/matching.ts";
import { figure, machine, type Benchmark } from "./benchmark.ts";

const limits = { maxFills: 1_000_000, skipsPerUnit: 1_000_000, maxSkips: 1_000_000_000, maxWhole: 5_000 };

interface Market {
  readonly supply: readonly (readonly AskOrder[])[];
  readonly bids: readonly BidOrder[];
}

function random(start: number): (bound: number) => number {
  let state = start;
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}

/** `profiles` attributes, each offered by a part of the asks for a premium and required by a part of the bids; some asks end early, some tasks run long. */
function market(seed: number, orders: number, profiles: number): Market {
  const next = random(seed);
  const asks: { ask: AskOrder; offers: readonly (bigint | undefined)[] }[] = [];
  for (let i = 0; i < orders; i++) {
    const base = BigInt(50 + next(100));
    const offers = Array.from({ length: profiles }, () => (next(100) < 30 ? BigInt(next(30)) : undefined));
    asks.push({
      offers,
      ask: {
        id: BigInt(i + 1), owner: `p${i}`, organization: "", height: BigInt(1 + next(5)), base, premium: 0n, rank: base, attributes: offers.filter((one) => one !== undefined).length, units: 1 + next(3), colocated: 1,
        notice: 0n, acceptance: 0n, levels: -1, preemptible: false, until: next(100) < 20 ? 5n : 100n, bond: 0n, free: 0n, memberships: [], kind: `${i}`,
      },
    });
  }
  const bids: BidOrder[] = [];
  for (let i = 0; i < orders; i++) {
    bids.push({
      id: BigInt(i + 1), owner: `c${i}`, organization: "", height: BigInt(1 + next(5)), limit: BigInt(60 + next(120)), tasks: 1 + next(3), profile: next(100) < 50 ? 0 : 1 + next(profiles), whole: false, colocated: 1,
      notice: 0n, acceptance: 0n, level: 0, preemptible: false, end: next(100) < 30 ? 10n : 1n, replicas: 1, stake: 0n, excluded: [], guard: undefined,
    });
  }
  const byRank = (a: AskOrder, b: AskOrder): number => (a.rank !== b.rank ? (a.rank < b.rank ? -1 : 1) : a.attributes !== b.attributes ? a.attributes - b.attributes : a.height !== b.height ? (a.height < b.height ? -1 : 1) : a.id < b.id ? -1 : 1);
  const supply = [asks.map(({ ask }) => ask), ...Array.from({ length: profiles }, (_, i) => asks.flatMap(({ ask, offers }) => (offers[i] === undefined ? [] : [{ ...ask, premium: offers[i], rank: ask.base + offers[i] }])))];
  return {
    supply: supply.map((list) => [...list].sort(byRank)),
    bids: bids.sort((a, b) => (a.limit !== b.limit ? (a.limit > b.limit ? -1 : 1) : a.height !== b.height ? (a.height < b.height ? -1 : 1) : a.id < b.id ? -1 : 1)),
  };
}

/** What a unit traded is worth to both sides together. */
const gain = (bid: BidOrder, ask: AskOrder): number => Number(bid.limit - ask.base - ask.premium);

function auction({ supply, bids }: Market, seed: Uint8Array): number {
  const batch = clear({ profiles: supply.map((_, i) => i), asks: (profile) => supply[profile]!, bids, membershipsOf: () => [] }, seed, limits);
  return batch.fills.reduce((sum, fill) => sum + fill.tasks * gain(fill.bid, fill.ask), 0);
}

/** The greatest sum of gains. Bids and asks are nodes with capacities; each round sends units along the best augmenting path (Bellman and Ford), until none gains. */
function optimum({ supply, bids }: Market): number {
  const asks = supply[0]!;
  const index = new Map(asks.map((ask, i) => [ask.id, i]));
  const edges = bids.map((bid) => supply[bid.profile]!.filter((ask) => ask.base + ask.premium <= bid.limit && ask.until >= bid.end).map((ask) => ({ ask: index.get(ask.id)!, gain: gain(bid, ask) })));
  const flow = bids.map(() => new Map<number, number>());
  const left = { bids: bids.map((bid) => bid.tasks), asks: asks.map((ask) => ask.units) };
  let total = 0;
  for (;;) {
    const best = { bids: left.bids.map((units) => (units > 0 ? 0 : -Infinity)), asks: asks.map(() => -Infinity) };
    const from = { bids: bids.map(() => -1), asks: asks.map(() => -1) };
    for (let changed = true; changed; ) {
      changed = false;
      for (let b = 0; b < bids.length; b++) {
        if (best.bids[b] === -Infinity) continue;
        for (const edge of edges[b]!) if (best.bids[b]! + edge.gain > best.asks[edge.ask]!) [best.asks[edge.ask], from.asks[edge.ask], changed] = [best.bids[b]! + edge.gain, b, true];
      }
      for (let b = 0; b < bids.length; b++) {
        for (const [a, units] of flow[b]!) {
          const back = best.asks[a]! - edges[b]!.find((edge) => edge.ask === a)!.gain;
          if (units > 0 && back > best.bids[b]!) [best.bids[b], from.bids[b], changed] = [back, a, true];
        }
      }
    }
    let end = -1;
    for (let a = 0; a < asks.length; a++) if (left.asks[a]! > 0 && best.asks[a]! > 0 && (end < 0 || best.asks[a]! > best.asks[end]!)) end = a;
    if (end < 0) return total;
    total += best.asks[end]!;
    left.asks[end]!--;
    for (let a = end; ; ) {
      const b = from.asks[a]!;
      flow[b]!.set(a, (flow[b]!.get(a) ?? 0) + 1);
      const back = from.bids[b]!;
      if (back < 0) {
        left.bids[b]!--;
        break;
      }
      flow[b]!.set(back, flow[b]!.get(back)! - 1);
      a = back;
    }
  }
}

const welfare: Benchmark = {
  name: "welfare",
  description: "batch auction: gain from trade against the best assignment, on random books with profiles, premiums and windows",
  run({ runs, quick, progress }) {
    const books = (quick ? 10 : 60) * runs;
    const orders = 40;
    const figures = [0, 3].map((profiles) => {
      progress(`${books} books of ${orders} asks and bids, ${profiles} profiles`);
      const gaps: number[] = [];
      for (let i = 0; i < books; i++) {
        const made = market(1_000 * profiles + i, orders, Math.max(1, profiles));
        const used = profiles > 0 ? made : { supply: [made.supply[0]!], bids: made.bids.map((bid) => ({ ...bid, profile: 0, notice: 0n, acceptance: 0n, level: 0, preemptible: false, end: 1n })) };
        const best = optimum(used);
        gaps.push(best === 0 ? 0 : ((best - auction(used, sha256(utf8("welfare"), uint64Bytes(BigInt(i))))) / best) * 100);
      }
      return [figure(`gap_percent_${profiles}_profiles`, "% of the optimum", gaps), figure(`gap_percent_${profiles}_profiles_mean`, "% of the optimum", [gaps.reduce((a, b) => a + b, 0) / gaps.length])];
    });
    return Promise.resolve({ name: "welfare", figures: figures.flat(), configuration: { books, orders, profiles: [0, 3] }, versions: machine() });
  },
};
export default welfare;
