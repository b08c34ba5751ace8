/** For tests: dcmd in this process, and one real node with its CometBFT in processes of its own. */
import { spawn, type ChildProcess } from "node:child_process";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { run } from "./cli/program.ts";

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** One command line of dcmd; `input` is its standard input. */
export async function dcmd(argv: readonly string[], input = ""): Promise<Ran> {
  let out = "";
  let err = "";
  const code = await run(argv, {
    stdout: (text) => (out += text), stderr: (text) => (err += text), readStdin: () => Promise.resolve(input), promptSecret: undefined, env: {}, now: () => new Date(),
  });
  return { code, out, err };
}

/** Free ports of loopback, all at once, so that no two are the same. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => new Promise<ReturnType<typeof createServer>>((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => resolve(server));
  })));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

export interface RunningNode {
  readonly process: ChildProcess;
  /** What `dcmd start --json` said when blocks came. */
  readonly ready: { readonly chain_id: string; readonly height: number; readonly pid: number; readonly comet_pid: number; readonly rpc: string; readonly api: string; readonly grpc: string; readonly metrics: string };
  /** Everything on standard error so far. */
  readonly log: () => string;
  /** Sends the signal and gives the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export interface Ports {
  readonly rpc: number;
  readonly p2p: number;
  readonly api: number;
  readonly grpc: number;
  readonly metrics: number;
}

/** Starts the node of a home and waits until its height moves. Rejects with its log where it ends before. */
export function startNode(home: string, ports: Ports, args: readonly string[] = []): Promise<RunningNode> {
  const child = spawn(process.execPath, [
    fileURLToPath(new URL("../main.ts", import.meta.url)), "start", "--json", "--home", home, "--rpc-laddr", `tcp://127.0.0.1:${ports.rpc}`, "--p2p-laddr", `tcp://127.0.0.1:${ports.p2p}`,
    "--api-address", `127.0.0.1:${ports.api}`, "--grpc-address", `127.0.0.1:${ports.grpc}`, "--metrics-address", `127.0.0.1:${ports.metrics}`, ...args,
  ], { stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (log += text));
  const exited = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
  return new Promise((resolve, reject) => {
    void exited.then((code) => reject(new Error(`dcmd start ended with ${code}:\n${log}`)));
    createInterface({ input: child.stdout }).on("line", (line) => {
      const event = JSON.parse(line) as { event: string } & RunningNode["ready"];
      if (event.event !== "ready") return;
      resolve({
        process: child, ready: event, log: () => log,
        stop: (signal = "SIGTERM") => {
          child.kill(signal);
          return exited;
        },
      });
    });
  });
}
