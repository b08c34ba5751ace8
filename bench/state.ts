/** A large state, as the modules write it: what it takes in memory, to open, to put into a snapshot and to restore from one. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256 } from "../chain/codec/hash.ts";
import { toHex, utf8 } from "../chain/codec/bytes.ts";
import type { Any } from "../chain/codec/gen/google/protobuf/any.ts";
import { setBalance } from "../chain/modules/bank/keeper.ts";
import { createAccounts } from "../chain/modules/auth/keeper.ts";
import { supplies } from "../chain/modules/bank/state.ts";
import { Context } from "../chain/runtime/context.ts";
import { StoresOverlay } from "../chain/store/overlay.ts";
import { SnapshotStore } from "../chain/store/snapshots.ts";
import { testAccount, type TestAccount } from "../test/support/accounts.ts";
import { TestChain, testDenom } from "../test/support/chain.ts";
import { figure, machine, type Benchmark, type Figure } from "./benchmark.ts";
import { ask, bid, registration } from "./market-messages.ts";

/** What one version changes at most. */
const perVersion = 20_000;
const balance = 1_000_000n;

/** A chain with accounts that hold one denom, and asks and bids that do not meet, half of each. */
class LargeChain {
  readonly #chain: TestChain;
  keys = 0;

  constructor(chain: TestChain) {
    this.#chain = chain;
  }

  /** One version with what `write` does to the state. */
  #version(write: (ctx: Context) => void): void {
    const { store, machine: { header } } = this.#chain;
    const stores = new StoresOverlay(store.latest(), { remember: true });
    write(new Context({ ...header!, height: BigInt(store.version) + 1n }, stores, "deliver"));
    this.keys += stores.changes().reduce((sum, [, changes]) => sum + changes.length, 0);
    store.prepare(store.version + 1, stores);
    store.commit();
    this.#chain.height++;
  }

  async accounts(count: number): Promise<void> {
    const auth = createAccounts({});
    for (let from = 0; from < count; from += perVersion) {
      const to = Math.min(count, from + perVersion);
      this.#version((ctx) => {
        for (let i = from; i < to; i++) {
          const address = sha256(utf8(`account ${i}`)).slice(0, 20);
          auth.ensure(ctx, address);
          setBalance(ctx, address, testDenom, 0n, balance);
        }
        supplies.set(ctx, testDenom, (supplies.find(ctx, testDenom) ?? 0n) + BigInt(to - from) * balance);
      });
      await this.#chain.store.settled();
    }
  }

  async messages(count: number, make: (i: number) => Any): Promise<void> {
    const { router } = this.#chain.machine;
    for (let from = 0; from < count; from += perVersion / 10) {
      this.#version((ctx) => {
        for (let i = from; i < Math.min(count, from + perVersion / 10); i++) {
          const { typeUrl, value } = make(i);
          const { handler } = router.message(typeUrl)!;
          const { message } = router.registry.get(typeUrl)!.decode(value, router.registry.resolveAny);
          handler.check(message as never);
          handler.execute(ctx, message as never);
        }
      });
      await this.#chain.store.settled();
    }
  }
}

interface Opened {
  readonly ready: number;
  readonly cpu: number;
  readonly rss: number;
}

function inOwnProcess(...args: string[]): Opened {
  return JSON.parse(execFileSync(process.execPath, [join(import.meta.dirname, "state/opened.ts"), ...args], { encoding: "utf8" })) as Opened;
}

const benchmark: Benchmark = {
  name: "state",
  description: "A state of many accounts and open orders: memory, opening, snapshot, restore",
  async run({ runs, quick, progress }) {
    const count = quick ? 20_000 : 1_000_000;
    const orders = quick ? 2_000 : 100_000;
    const root = mkdtempSync(join(tmpdir(), "bench-state-"));
    const samples = { open_s: [] as number[], open_cpu_s: [] as number[], open_memory_mib: [] as number[], snapshot_s: [] as number[], restore_s: [] as number[], restore_cpu_s: [] as number[], restore_memory_mib: [] as number[] };
    const figures: Figure[] = [];
    try {
      const directory = join(root, "chain");
      const parties = Array.from({ length: quick ? 20 : 200 }, (_, i) => testAccount(`party ${i}`));
      const chain = await start(directory, parties);
      const large = new LargeChain(chain);
      progress(`${count} accounts`);
      await large.accounts(count);
      progress(`${orders} open orders`);
      const party = (i: number): TestAccount => parties[i % parties.length]!;
      await large.messages(parties.length, (i) => registration(party(i), i, testDenom));
      await large.messages(orders / 2, (i) => ask(party(i), i, testDenom));
      // Below every ask.
      await large.messages(orders / 2, (i) => bid(party(i), testDenom, 50n));
      await chain.store.settled();
      const snapshots = SnapshotStore.open(chain.store, { directory: join(root, "snapshots") });
      for (let run = 1; run <= runs; run++) {
        progress(`snapshot ${run} of ${runs}`);
        const began = performance.now();
        await snapshots.create(chain.store.version);
        samples.snapshot_s.push((performance.now() - began) / 1_000);
      }
      const appHash = toHex(chain.store.appHash);
      figures.push(figure("keys", "keys", [large.keys]), figure("state", "MiB", [chain.store.memoryBytes / 2 ** 20]));
      await snapshots.close();
      await chain.store.close();
      for (let run = 1; run <= runs; run++) {
        progress(`open and restore, ${run} of ${runs}`);
        const opened = inOwnProcess("open", directory);
        samples.open_s.push(opened.ready / 1_000);
        samples.open_cpu_s.push(opened.cpu / 1_000);
        samples.open_memory_mib.push(opened.rss / 2 ** 20);
        const target = join(root, "restored");
        const restored = inOwnProcess("restore", target, join(root, "snapshots"), appHash);
        samples.restore_s.push(restored.ready / 1_000);
        samples.restore_cpu_s.push(restored.cpu / 1_000);
        samples.restore_memory_mib.push(restored.rss / 2 ** 20);
        rmSync(target, { recursive: true });
      }
      for (const [name, values] of Object.entries(samples)) figures.push(figure(name, name.endsWith("_s") ? "s" : "MiB", values));
      for (const name of ["open_s", "open_cpu_s", "restore_s", "restore_cpu_s"] as const) figures.push(figure(`${name}_per_million_keys`, "s", samples[name].map((seconds) => (seconds * 1e6) / large.keys)));
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
    return { name: "state", figures, configuration: { accounts: count, orders, runs }, versions: machine() };
  },
};
export default benchmark;

async function start(directory: string, parties: readonly TestAccount[]): Promise<TestChain> {
  const chain = await TestChain.start({
    directory, checkInvariants: false,
    appState: {
      auth: { accounts: parties.map(({ text }) => ({ "@type": "/cosmos.auth.v1beta1.BaseAccount", address: text })) },
      bank: { balances: parties.map(({ text }) => ({ address: text, coins: [{ denom: testDenom, amount: "1000000000000000" }] })) },
    },
  });
  chain.block();
  return chain;
}
