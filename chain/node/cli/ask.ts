/** Questions to a node: which node, its answers, and protocol time as people read it. */
import { existsSync } from "node:fs";
import { QueryTauRequest, QueryTauResponse } from "../../codec/gen/dcm/clock/v1/query.ts";
import { rfc3339Text } from "../../runtime/time-text.ts";
import { ConfigFile } from "../config/toml.ts";
import { Home } from "../home.ts";
import { CometRpc, RpcError } from "../services/comet-rpc.ts";
import { wholeNumber } from "./common.ts";
import { CliError, exitCodes } from "./io.ts";
import type { Globals } from "./program.ts";

export interface QueryOptions {
  readonly node?: string | undefined;
}
export interface PageOptions extends QueryOptions {
  readonly limit: string;
}

/** How many to ask for. */
export const limitOf = ({ limit }: PageOptions): bigint => BigInt(wholeNumber("--limit", limit, 1, 1_000));

/** Of the SDK: what a query asks for does not exist. */
const notFoundCode = 22;

/** CometBFT's RPC of the node that is asked: the given one, or client.toml's. */
export function nodeOf({ home }: Globals, given: string | undefined): string {
  const { clientConfig } = new Home(home);
  return given ?? (existsSync(clientConfig) ? ConfigFile.read(clientConfig).string("node") : "tcp://127.0.0.1:26657");
}

/** At a height, or at the latest where it is 0. */
export async function ask(rpc: CometRpc, path: string, data: Uint8Array, height = 0): Promise<Uint8Array> {
  const { response } = await rpc.call<{ response: { code: number; log: string; value: string | null } }>("abci_query", { path, data: Buffer.from(data).toString("hex"), height: String(height) });
  if (response.code !== 0) throw new CliError(response.log, { ...hintOf(path), exitCode: response.code === notFoundCode ? exitCodes.notFound : exitCodes.invalid });
  return new Uint8Array(Buffer.from(response.value ?? "", "base64"));
}

function hintOf(path: string): { readonly hint?: string } {
  if (path.endsWith("AccountInfo")) return { hint: "An account is there once it holds coins: send it some first." };
  return path.endsWith("Simulate") ? { hint: "Nothing was sent." } : {};
}

/** Runs with a connection to the node, which it ends. Throws a CliError where nobody answers. */
export async function withNode<T>(globals: Globals, { node }: QueryOptions, run: (rpc: CometRpc) => Promise<T>): Promise<T> {
  const rpc = new CometRpc(nodeOf(globals, node));
  try {
    return await run(rpc);
  } catch (error) {
    if (error instanceof CliError || error instanceof RpcError) throw error;
    throw new CliError(`no answer from ${rpc.url}: ${error instanceof Error ? error.message : "unreachable"}`, { hint: "Is the node running (dcmd start)? Another one is asked with --node.", exitCode: exitCodes.unreachable });
  } finally {
    rpc.close();
  }
}

/** The answer's bytes, to the query at a path such as `/cosmos.gov.v1.Query/Params`. */
export const get = (globals: Globals, options: QueryOptions, path: string, data: Uint8Array, height = 0): Promise<Uint8Array> => withNode(globals, options, (rpc) => ask(rpc, path, data, height));

/** Protocol time, and the time of the block that has it. */
export interface Tau {
  readonly tau: bigint;
  readonly nanos: bigint;
}

export async function tauOf(rpc: CometRpc): Promise<Tau> {
  const { tauMs, headerNanos } = QueryTauResponse.decode(await ask(rpc, "/dcm.clock.v1.Query/Tau", QueryTauRequest.encode({}).finish()));
  return { tau: tauMs, nanos: headerNanos };
}

/** When the protocol's time will be there, if blocks come without a pause: later where they do not, never earlier. */
export const dateOf = (tau: bigint, now: Tau): string => rfc3339Text(now.nanos + (tau - now.tau) * 1_000_000n);

/** `2026-03-01T12:00:00Z, in 2 h 5 min`, or `over`. */
export function untilText(tau: bigint, now: Tau): string {
  const left = tau - now.tau;
  return left < 0n ? `${dateOf(tau, now)}, over` : `${dateOf(tau, now)}, in ${durationText(left)}`;
}

const units = [["d", 86_400_000n], ["h", 3_600_000n], ["min", 60_000n], ["s", 1_000n]] as const;

/** The two largest units of it: `2 h 5 min`. */
export function durationText(ms: bigint): string {
  const first = units.findIndex(([, size]) => ms >= size);
  if (first < 0) return `${ms} ms`;
  const [[name, size], next] = [units[first]!, units[first + 1]];
  const rest = next === undefined ? 0n : (ms % size) / next[1];
  return rest === 0n ? `${ms / size} ${name}` : `${ms / size} ${name} ${rest} ${next![0]}`;
}
