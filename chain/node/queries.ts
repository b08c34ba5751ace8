/** One door to everything that can be asked, for REST and gRPC alike: the node's services first, then the modules at a kept version. */
import { QueryError } from "../runtime/errors.ts";
import type { Machine } from "../runtime/machine.ts";
import { VersionNotKept } from "../store/errors.ts";
import type { NodeServices } from "./services/registry.ts";

export interface Answer {
  readonly value: Uint8Array;
  /** The height that the answer speaks of. */
  readonly height: number;
}

export class Queries {
  readonly #machine: Machine;
  readonly #services: NodeServices;

  constructor(machine: Machine, services: NodeServices) {
    this.#machine = machine;
    this.#services = services;
  }

  /** Every path that is answered, in byte order. */
  get paths(): string[] {
    return [...this.#machine.router.queryPaths, ...this.#services.paths].sort((a, b) => (a < b ? -1 : 1));
  }

  /** Protobuf in, protobuf out; height 0 is the latest. Rejects with a QueryError. */
  async ask(path: string, request: Uint8Array, height: number): Promise<Answer> {
    const at = height === 0 ? Number(this.#machine.header?.height ?? 0n) : height;
    try {
      return { value: await (this.#services.handle(path, request, height) ?? this.#machine.query(path, request, height)), height: at };
    } catch (error) {
      if (error instanceof VersionNotKept) throw new QueryError("InvalidArgument", `${error.message}: invalid height`);
      throw error;
    }
  }
}

/** The height of an `x-cosmos-block-height`; 0 where there is none. Throws InvalidArgument. */
export function parseHeight(text: string | undefined): number {
  if (text === undefined || text === "") return 0;
  if (!/^\d{1,15}$/.test(text)) throw new QueryError("InvalidArgument", `x-cosmos-block-height must be a block height, it is "${text.slice(0, 40)}"`);
  return Number(text);
}
