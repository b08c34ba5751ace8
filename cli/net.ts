/** The network of a command: which node it asks, and what that node says it is. */
import { join } from "node:path";
import { ConfigRequest, ConfigResponse } from "../chain/codec/gen/cosmos/base/node/v1beta1/query.ts";
import { connect, type Connection } from "../client/connection.ts";
import { CliError, exitCodes, type Io } from "./io.ts";
import { findProfile, type Profile } from "./profiles.ts";

export interface NetOptions {
  readonly node?: string | undefined;
  readonly profile?: string | undefined;
}

/** What a running localnet writes into its folder. */
export interface Endpoints {
  readonly chainId: string;
  readonly rpc: string;
  readonly faucet: string;
}

export interface Net {
  readonly connection: Connection;
  readonly chainId: string;
  /** RPC. */
  readonly node: string;
  readonly profile: Profile | undefined;
}

const defaultNode = "http://127.0.0.1:26657";

/** Where the localnet of this folder listens now. Throws a CliError where it does not run. */
export function localEndpoints(io: Io, folder: string): Endpoints {
  try {
    return JSON.parse(io.readFile(join(folder, "endpoints.json"))) as Endpoints;
  } catch {
    throw new CliError(exitCodes.unreachable, `no localnet runs in ${folder}`, "Start it with npm start in another terminal and wait for its endpoints.");
  }
}

/** The RPC that a command asks: --node, DCM_NODE, the profile's, or the one on this machine. */
export function nodeOf(io: Io, { node, profile }: NetOptions): { readonly node: string; readonly profile: Profile | undefined } {
  const named = node ?? io.env.DCM_NODE;
  const found = findProfile(io, profile);
  if (named !== undefined) return { node: named, profile: found };
  if (found === undefined) return { node: defaultNode, profile: undefined };
  return { node: found.net === "local" ? localEndpoints(io, found.localnet).rpc : found.net, profile: found };
}

/** Rejects with a CliError where nobody answers, or another chain than the profile's. */
export async function openNet(io: Io, options: NetOptions): Promise<Net> {
  const { node, profile } = nodeOf(io, options);
  const { connection, chainId } = await reach(node, profile === undefined ? "Make a profile with dcm init, or name a node with --node." : profile.net === "local" ? "Is npm start still running? Else name a node with --node." : "Another node is asked with --node or DCM_NODE.");
  if (profile !== undefined && profile.chainId !== chainId) {
    connection.close();
    throw new CliError(exitCodes.invalid, `profile ${profile.name} is for ${profile.chainId}, the node at ${node} is of ${chainId}`, "Choose another --profile, or make one for this chain with dcm init.");
  }
  return { connection, chainId, node, profile };
}

export async function reach(node: string, hint: string): Promise<{ readonly connection: Connection; readonly chainId: string }> {
  try {
    const connection = await connect(node);
    const { nodeInfo: { network: chainId } } = await connection.comet.status();
    return { connection, chainId };
  } catch (error) {
    throw new CliError(exitCodes.unreachable, `no answer from ${node}: ${reasonOf(error)}`, hint);
  }
}

/** What the node takes for one unit of gas at least, e.g. 0.001udcm; where it says nothing, nothing in the bond denom. */
export async function gasPriceOf(connection: Connection): Promise<string> {
  const { value } = await connection.query.queryAbci("/cosmos.base.node.v1beta1.Service/Config", ConfigRequest.encode({}).finish());
  const prices = ConfigResponse.decode(value).minimumGasPrice.split(",").map(shortPrice);
  const denom = await bondDenom(connection);
  return prices.find((price) => price.endsWith(denom)) ?? (prices[0] === "" || prices[0] === undefined ? `0${denom}` : prices[0]);
}

/** 0.001000000000000000udcm -> 0.001udcm */
export const shortPrice = (price: string): string => price.replace(/^(\d+)\.(\d*?)0*(?=[a-zA-Z])/, (_, whole: string, rest: string) => (rest === "" ? whole : `${whole}.${rest}`));

export async function bondDenom(connection: Connection): Promise<string> {
  return (await connection.query.market.quoteDenoms()).bondDenom;
}

/** The innermost cause: fetch wraps what went wrong. */
export function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: unknown };
  if (cause instanceof AggregateError && cause.errors[0] instanceof Error) return cause.errors[0].message;
  if (cause instanceof Error && cause.message !== "") return cause.message;
  return error instanceof Error ? error.message : String(error);
}
