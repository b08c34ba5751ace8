/** A chain's state, exported as genesis JSON, begins a new chain that gives the same answers and lives on. */
import { toHex } from "../../chain/codec/bytes.ts";
import { appStateBytes, readGenesis, writeGenesis } from "../../chain/node/genesis.ts";
import { params as consensusParams } from "../../chain/modules/consensus/state.ts";
import { QueryError } from "../../chain/runtime/errors.ts";
import type { Machine } from "../../chain/runtime/machine.ts";
import { LocalReplica } from "./replica.ts";
import { denom, secondDenom, type SimulatedWorld } from "./world.ts";

/** Queries whose answers are about one chain's own history, and why. */
const historical: Readonly<Record<string, string>> = {
  "/cosmos.staking.v1beta1.Query/HistoricalInfo": "a chain keeps the sets of its own blocks",
  "/cosmos.gov.v1.Query/TallyResult": "votes on open proposals count by the stake that a chain begins with",
  "/cosmos.gov.v1beta1.Query/TallyResult": "votes on open proposals count by the stake that a chain begins with",
  "/cosmos.upgrade.v1beta1.Query/CurrentPlan": "a plan names a height of its own chain, as in the SDK it is not exported",
  "/dcm.clock.v1.Query/Tau": "the header mark begins anew: no protocol time passes between two chains",
};

const yearNanos = 365n * 86_400n * 1_000_000_000n;

export async function roundTrip(machine: Machine, world: SimulatedWorld): Promise<void> {
  const sections = machine.exportGenesis(0);
  const { sections: read } = readGenesis(appStateBytes(writeGenesis(sections, machine.modules)), machine.modules);
  const ctx = machine.queryContext();
  const begin = (name: string, timeNanos: bigint): Promise<LocalReplica> => LocalReplica.start(name, {
    chainId: world.chainId, timeNanos, initialHeight: ctx.height + 1n, sections: read, genTxs: [], consensusParams: consensusParams.find(ctx),
  }, { checkInvariants: true });
  const live = async (copy: LocalReplica, timeNanos: bigint): Promise<void> => {
    for (let i = 1n; i <= 3n; i++) {
      await copy.execute({ height: ctx.height + i, timeNanos: timeNanos + i * 1_000_000_000n, proposer: ctx.header.proposer, txs: [], lastCommit: undefined, misbehavior: [] });
    }
  };
  const copy = await begin("exported", ctx.header.timeNanos);
  try {
    const broken = copy.machine.brokenInvariants(copy.machine.queryContext());
    if (broken.length > 0) throw new Error(`after export and import: ${broken.join("; ")}`);
    for (const [name, section] of Object.entries(copy.machine.exportGenesis(0))) {
      if (toHex(section) !== toHex(sections[name] ?? new Uint8Array(0))) throw new Error(`section ${name} is another one after export and import: ${firstDifference(name, machine, sections[name]!, section)}`);
    }
    compareQueries(machine, copy.machine, world);
    await live(copy, ctx.header.timeNanos);
  } finally {
    await copy.stop();
  }
  // Whoever begins a chain anew decides when: much of what is exported has ended by then.
  const late = await begin("exported, begun a year later", ctx.header.timeNanos + yearNanos);
  try {
    const broken = late.machine.brokenInvariants(late.machine.queryContext());
    if (broken.length > 0) throw new Error(`after export and import a year later: ${broken.join("; ")}`);
    await live(late, ctx.header.timeNanos + yearNanos);
  } finally {
    await late.stop();
  }
}

function firstDifference(name: string, machine: Machine, before: Uint8Array, after: Uint8Array): string {
  const [a, b] = [before, after].map((bytes) => writeGenesis({ [name]: bytes }, machine.modules)[name]);
  return difference(a, b, name) ?? "the same as JSON";
}

function difference(a: unknown, b: unknown, path: string): string | undefined {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a === b ? undefined : `${path}: ${JSON.stringify(a)} became ${JSON.stringify(b)}`;
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const found = difference((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key], `${path}.${key}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Every query of every module, with arguments made up from the names of its fields. */
function compareQueries(a: Machine, b: Machine, world: SimulatedWorld): void {
  for (const path of a.router.queryPaths) {
    if (path in historical) continue;
    const type = a.router.query(path)!.request as unknown as { fromPartial(value: object): object; encode(value: unknown): { finish(): Uint8Array } };
    for (const request of requests(type.fromPartial({}), world)) {
      const bytes = type.encode(request).finish();
      const [one, other] = [answer(a, path, bytes), answer(b, path, bytes)];
      if (one !== other) throw new Error(`${path} answers another way after export and import: ${one.slice(0, 300)} became ${other.slice(0, 300)}`);
    }
  }
}

function answer(machine: Machine, path: string, request: Uint8Array): string {
  try {
    return toHex(machine.query(path, request));
  } catch (error) {
    if (error instanceof QueryError) return error.log;
    throw error;
  }
}

/** The empty request, and one for each account and each of the first ids where a field asks for such. */
function requests(empty: object, { accounts }: SimulatedWorld): object[] {
  const out = [empty];
  for (let i = 0; i < 8; i++) {
    const filled = Object.fromEntries(Object.entries(empty).map(([name, value]) => [name, guess(name, value, accounts[i % accounts.length]!.text, accounts[(i + 1) % accounts.length]!.text, i)]));
    out.push(filled);
    if (!Object.keys(filled).some((name) => name !== "pagination")) break;
  }
  return out;
}

function guess(name: string, value: unknown, one: string, other: string, i: number): unknown {
  if (typeof value === "bigint") return /task/i.test(name) ? (BigInt(i) + 1n) * 65_536n : BigInt(i) + 1n;
  if (typeof value !== "string") return value;
  if (/denom/i.test(name)) return i % 2 === 0 ? denom : secondDenom;
  if (/class/i.test(name)) return "wasm.core";
  if (/grantee|second/i.test(name)) return other;
  return /addr|granter|provider|operator|consumer|owner|account|payer|signer/i.test(name) ? one : value;
}
