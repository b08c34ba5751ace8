/** A module is one value: its messages, queries, genesis, hooks, invariants. From it come the router, the registries and the generators. */
import type { Context } from "./context.ts";
import type { ErrorKind } from "./errors.ts";
import type { CommitInfo, Misbehavior, ValidatorUpdate } from "../codec/gen/tendermint/abci/types.ts";
import type { ConsensusParams } from "../codec/gen/tendermint/types/params.ts";

/** A generated protobuf type, as ts-proto makes it. */
export interface MessageType<T> {
  readonly $type: string;
  encode(message: T): { finish(): Uint8Array };
  decode(bytes: Uint8Array): T;
}

interface MethodDefinition {
  readonly name: string;
  readonly requestType: unknown;
  readonly responseType: unknown;
}

/** A generated service (`outputServices=generic-definitions`). */
export interface ServiceDefinition {
  readonly fullName: string;
  readonly methods: Readonly<Record<string, MethodDefinition>>;
}

type Decoded<T> = T extends { decode(input: never): infer M } ? M : never;

/** Source of chance in simulations; seeded, so that every failure can be repeated. */
export interface Random {
  /** An integer in [0, bound). */
  int(bound: number): number;
  bigint(bound: bigint): bigint;
  /** True with this probability in percent. */
  chance(percent: number): boolean;
  pick<T>(items: readonly T[]): T;
}

/** What a generator may look at: the latest state, and the accounts whose keys the simulation holds. */
export interface World {
  readonly ctx: Context;
  readonly accounts: readonly string[];
  readonly random: Random;
}

/** One message of a simulation, valid or nearly so; undefined where the state has nothing to act on. */
export type Arbitrary<T> = (world: World) => T | undefined;

export interface MessageHandler<Request, Response> {
  /** Bech32 addresses that must sign, in order, without repeats. */
  readonly signers: (message: Request) => readonly string[];
  /** Needs no state: shape, ranges, canonical forms. Throws TxError. */
  readonly check: (message: Request) => void;
  /** Runs on an overlay that is kept only when nothing is thrown. */
  readonly execute: (ctx: Context, message: Request) => Response;
  readonly arbitrary: Arbitrary<Request>;
  /** `system`: refused by CheckTx, only the block's proposer may place it. `reserved`: has a share of every block of its own. */
  readonly lane?: "system" | "reserved";
  /** Of a message that carries others: the lane that these have. */
  readonly laneOf?: (message: Request) => "reserved" | undefined;
  /** Stands in a transaction itself: nothing else may carry it. */
  readonly uncarried?: true;
}

export type MessageHandlers<S extends ServiceDefinition> = {
  readonly [K in keyof S["methods"]]: MessageHandler<Decoded<S["methods"][K]["requestType"]>, Decoded<S["methods"][K]["responseType"]>>;
};

export type QueryHandlers<S extends ServiceDefinition> = {
  readonly [K in keyof S["methods"]]: (ctx: Context, request: Decoded<S["methods"][K]["requestType"]>) => Decoded<S["methods"][K]["responseType"]>;
};

export interface BoundMessage {
  /** `/cosmos.bank.v1beta1.MsgSend` */
  readonly typeUrl: string;
  readonly request: MessageType<unknown>;
  readonly response: MessageType<unknown>;
  readonly handler: MessageHandler<unknown, unknown>;
}

export interface BoundQuery {
  /** `/cosmos.bank.v1beta1.Query/Balance` */
  readonly path: string;
  readonly request: MessageType<unknown>;
  readonly response: MessageType<unknown>;
  readonly handle: (ctx: Context, request: unknown) => unknown;
}

/** Binds a generated Msg service to its handlers: a missing one does not compile. */
export function messageService<const S extends ServiceDefinition>(service: S, handlers: MessageHandlers<S>): BoundMessage[] {
  return Object.entries(service.methods).map(([key, method]) => {
    const request = method.requestType as MessageType<unknown>;
    return { typeUrl: `/${request.$type}`, request, response: method.responseType as MessageType<unknown>, handler: handlers[key as keyof S["methods"]] as unknown as MessageHandler<unknown, unknown> };
  });
}

/** Binds a generated Query service to its handlers: a missing one does not compile. */
export function queryService<const S extends ServiceDefinition>(service: S, handlers: QueryHandlers<S>): BoundQuery[] {
  return Object.entries(service.methods).map(([key, method]) => ({
    path: `/${service.fullName}/${method.name}`,
    request: method.requestType as MessageType<unknown>,
    response: method.responseType as MessageType<unknown>,
    handle: handlers[key as keyof S["methods"]] as unknown as (ctx: Context, request: unknown) => unknown,
  }));
}

/** What a block tells its hooks beside the header. */
export interface BlockInputs {
  readonly lastCommit: CommitInfo | undefined;
  readonly misbehavior: readonly Misbehavior[];
}

export interface Genesis<G> {
  /** The section's protobuf message; its JSON form is what genesis.json holds under the module's name. */
  readonly type: MessageType<G>;
  readonly defaults: () => G;
  /** Throws where the section contradicts itself. */
  readonly check: (state: G) => void;
  readonly init: (ctx: Context, state: G) => void;
  readonly export: (ctx: Context) => G;
}

export interface Module {
  /** Also the name of its genesis section and its error codespace. */
  readonly name: string;
  /** Stores it owns; their names enter the app hash. */
  readonly stores: readonly string[];
  readonly consensusVersion: number;
  readonly messages: readonly BoundMessage[];
  readonly queries: readonly BoundQuery[];
  readonly genesis?: Genesis<unknown>;
  readonly beginBlock?: (ctx: Context, block: BlockInputs) => void;
  readonly endBlock?: (ctx: Context) => void;
  /** What changed in the validator set since it was last asked: after the genesis transactions, and at each block's end. */
  readonly validatorUpdates?: (ctx: Context) => ValidatorUpdate[];
  /** Complete new consensus params that act from the next block on, or nothing (ABCI-14). */
  readonly consensusParamUpdates?: (ctx: Context) => ConsensusParams | undefined;
  /** Each gives the sentence that says what is broken, or undefined. */
  readonly invariants?: Readonly<Record<string, (ctx: Context) => string | undefined>>;
  /** From consensus version N to N + 1, without a gap up to `consensusVersion`; run at the height of an upgrade. */
  readonly migrations?: Readonly<Record<number, (ctx: Context) => void>>;
  readonly errors?: Readonly<Record<string, ErrorKind<never>>>;
}

/** One module, checked at start-up: names and versions in range. */
export function defineModule<G>(module: Omit<Module, "genesis"> & { readonly genesis?: Genesis<G> }): Module {
  if (!/^[a-z][a-z0-9]*$/.test(module.name)) throw new TypeError(`module name ${module.name}: lower-case letters and digits only`);
  if (!Number.isSafeInteger(module.consensusVersion) || module.consensusVersion < 1) throw new TypeError(`module ${module.name}: consensusVersion is an integer from 1`);
  // The SDK's modules begin at the SDK's versions, so there may be none; but none is left out.
  const from = Object.keys(module.migrations ?? {}).map(Number).sort((a, b) => a - b);
  for (const [i, version] of from.entries()) {
    const next = from[i + 1] ?? module.consensusVersion;
    if (next !== version + 1) throw new TypeError(`module ${module.name}: migrations lead from consensus version ${version} to ${version + 1}, and the next is from ${next}`);
  }
  return module as unknown as Module;
}
