/** Drives modules without a node: an ordered store in memory, contexts, transactions that are kept or dropped. For tests only. */
import { StoresOverlay } from "../store/overlay.ts";
import { State } from "../store/state.ts";
import { Context, type Mode } from "./context.ts";
import { GasMeter } from "./gas.ts";
import type { ReadStore, ReadStores, Stores } from "../store/kv.ts";
import type { Module } from "./module.ts";

const empty: ReadStore = { get: () => undefined, has: () => false, *iterate() {} };

/** Every store, all empty. */
export const emptyStores: ReadStores = { store: () => empty };

export function memoryStores(): StoresOverlay {
  return new StoresOverlay(emptyStores);
}

/** As a node has them: `commit` puts what was written into the trees, hashed. Stores of these names, all empty. */
export function committedStores(names: readonly string[]): { readonly stores: StoresOverlay; readonly commit: () => void } {
  const state = new State(names);
  const stores = new StoresOverlay(state.latest());
  const commit = (): void => {
    const version = state.current.version + 1;
    state.apply(version, stores.changes());
    state.commit(new Uint8Array(0), state.hash());
    state.prune(version);
    stores.discard();
  };
  return { stores, commit };
}

export interface TestBlock {
  readonly chainId?: string;
  readonly height?: bigint;
  /** Unix seconds of the header. */
  readonly time?: bigint;
  readonly mode?: Mode;
  readonly gasLimit?: number;
}

/** A context over these stores: chain `test-1`, height 1, 2026-01-01T00:00:00Z, mode `deliver`, no gas limit, where nothing else is said. */
export function testContext(stores: Stores, block: TestBlock = {}): Context {
  const header = { chainId: block.chainId ?? "test-1", height: block.height ?? 1n, timeNanos: (block.time ?? 1_767_225_600n) * 1_000_000_000n, proposer: new Uint8Array(20) };
  return new Context(header, stores, block.mode ?? "deliver", new GasMeter(block.gasLimit ?? Infinity));
}

/** Genesis of these modules, in order; a section that is not given takes the module's defaults. Sections are checked first. */
export function initGenesis(stores: Stores, modules: readonly Module[], sections: Readonly<Record<string, unknown>> = {}, block: TestBlock = {}): void {
  const ctx = testContext(stores, { height: 0n, mode: "genesis", ...block });
  for (const module of modules) {
    if (module.genesis === undefined) continue;
    const state = sections[module.name] ?? module.genesis.defaults();
    module.genesis.check(state);
    module.genesis.init(ctx, state);
  }
}

/** Runs `body` on an overlay that is kept where it returns and dropped where it throws; gives its result and the events. */
export function transact<T>(stores: Stores, body: (ctx: Context) => T, block: TestBlock = {}): { readonly value: T; readonly events: Context["events"]; readonly gasUsed: number } {
  const overlay = new StoresOverlay(stores);
  const ctx = testContext(overlay, block);
  const value = body(ctx);
  overlay.flush(stores);
  return { value, events: ctx.events, gasUsed: ctx.gas.used };
}

/** Checks and runs one message by its type URL, as a transaction would. */
export function execute(stores: Stores, modules: readonly Module[], typeUrl: string, message: unknown, block: TestBlock = {}): ReturnType<typeof transact<unknown>> {
  const bound = modules.flatMap((module) => module.messages).find((one) => one.typeUrl === typeUrl);
  if (bound === undefined) throw new Error(`no module handles ${typeUrl}`);
  bound.handler.check(message);
  return transact(stores, (ctx) => bound.handler.execute(ctx, message), block);
}

/** Answers one query by its path, through its protobuf encoding. */
export function query<T>(stores: Stores, modules: readonly Module[], path: string, request: unknown, block: TestBlock = {}): T {
  const bound = modules.flatMap((module) => module.queries).find((one) => one.path === path);
  if (bound === undefined) throw new Error(`no module answers ${path}`);
  const response = bound.handle(testContext(stores, { mode: "query", ...block }), bound.request.decode(bound.request.encode(request).finish()));
  return bound.response.decode(bound.response.encode(response).finish()) as T;
}

/** The broken invariants of these modules, as sentences. */
export function brokenInvariants(stores: Stores, modules: readonly Module[], block: TestBlock = {}): string[] {
  const ctx = testContext(stores, { mode: "query", ...block });
  return modules.flatMap((module) => Object.entries(module.invariants ?? {}).flatMap(([name, check]) => {
    const sentence = check(ctx);
    return sentence === undefined ? [] : [`${module.name}/${name}: ${sentence}`];
  }));
}
