/**
 * Ports on loopback for networks that run side by side. A network holds a block of ports by listening on the block's first one:
 * the kernel lets only one process do that, and ends the claim with the process. The blocks lie below the range from which the
 * kernel takes ports for outgoing connections.
 */
import { type Server, createServer } from "node:net";

const FIRST_PORT = 20_000;
const BLOCK = 100;
const BLOCKS = 120;
const HOST = "127.0.0.1";

/** Ports per node, in this order, with room for more. */
const NODE_PORTS = ["p2p", "rpc", "abci", "rest", "grpc", "metrics", "data", "control"] as const;
const STRIDE = 10;
const NODES_IN_BLOCK = Math.floor((BLOCK - 1) / STRIDE);

export type PortName = (typeof NODE_PORTS)[number];
export type NodePorts = Readonly<Record<PortName, number>>;

export interface PortPlan {
  readonly nodes: readonly NodePorts[];
  /** Gives the ports up for others. */
  release(): Promise<void>;
}

/**
 * Ports for so many nodes, held until released or until this process ends. With `base` the block begins there, for addresses that
 * stay the same. Rejects where ports are taken: with `base` it names the first one, without it when no block is free.
 */
export async function claimPorts(nodes: number, base?: number): Promise<PortPlan> {
  const blocks = Math.ceil(nodes / NODES_IN_BLOCK);
  if (base !== undefined) {
    const claim = await claimBlocks(base, blocks);
    if (typeof claim === "number") throw new Error(`port ${claim} on ${HOST} is in use: stop what listens there, or choose another base port (--base-port)`);
    return plan(base, nodes, claim);
  }
  const start = process.pid % BLOCKS;
  for (let n = 0; n < BLOCKS; n++) {
    const first = FIRST_PORT + ((start + n) % BLOCKS) * BLOCK;
    if (first + blocks * BLOCK > FIRST_PORT + BLOCKS * BLOCK) continue;
    const claim = await claimBlocks(first, blocks);
    if (typeof claim !== "number") return plan(first, nodes, claim);
  }
  throw new Error(`no ${blocks * BLOCK} free ports in a row on ${HOST} between ${FIRST_PORT} and ${FIRST_PORT + BLOCKS * BLOCK}: stop other networks`);
}

/** The listeners that hold the blocks, or the first port that is taken. */
async function claimBlocks(first: number, blocks: number): Promise<Server[] | number> {
  const guards: Server[] = [];
  const giveUp = async (port: number): Promise<number> => {
    await Promise.all(guards.map(close));
    return port;
  };
  for (let n = 0; n < blocks; n++) {
    const guard = await listen(first + n * BLOCK);
    if (guard === undefined) return giveUp(first + n * BLOCK);
    guards.push(guard);
    for (let port = first + n * BLOCK + 1; port < first + (n + 1) * BLOCK; port++) {
      const probe = await listen(port);
      if (probe === undefined) return giveUp(port);
      await close(probe);
    }
  }
  return guards;
}

function plan(first: number, nodes: number, guards: readonly Server[]): PortPlan {
  return {
    nodes: Array.from({ length: nodes }, (_, node) => {
      const at = first + Math.floor(node / NODES_IN_BLOCK) * BLOCK + (node % NODES_IN_BLOCK) * STRIDE + 1;
      return Object.fromEntries(NODE_PORTS.map((name, index) => [name, at + index])) as Record<PortName, number>;
    }),
    release: async () => {
      await Promise.all(guards.map(close));
    },
  };
}

function listen(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", () => resolve(undefined));
    server.listen({ port, host: HOST, exclusive: true }, () => {
      server.unref();
      resolve(server);
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
