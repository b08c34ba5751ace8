/** What the node measures of itself, for Prometheus. Names end in their units. */
import { createServer, type Server } from "node:http";
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from "prom-client";
import { listen, parseHostPort } from "./listen.ts";

const kinds = ["new", "recheck"] as const;
type CheckKind = (typeof kinds)[number];

/** Mempool checks: there are so many that an observation may cost no more than a few additions. Made into a histogram when Prometheus asks. */
class CheckTimes extends Histogram<"kind"> {
  readonly #name: string;
  readonly #help: string;
  readonly #bounds: readonly number[];
  /** Of each kind: the observations in each bucket, those beyond all, their number and sum. */
  readonly #seen: Readonly<Record<CheckKind, Float64Array>>;

  constructor(name: string, help: string, buckets: readonly number[], registry: Registry) {
    super({ name, help, labelNames: ["kind"], buckets: [...buckets], registers: [registry] });
    this.#name = name;
    this.#help = help;
    this.#bounds = buckets;
    this.#seen = { new: new Float64Array(buckets.length + 3), recheck: new Float64Array(buckets.length + 3) };
  }

  add(kind: CheckKind, seconds: number): void {
    const seen = this.#seen[kind];
    const bounds = this.#bounds;
    let i = 0;
    while (i < bounds.length && seconds > bounds[i]!) i++;
    seen[i]! += 1;
    seen[bounds.length + 1]! += 1;
    seen[bounds.length + 2]! += seconds;
  }

  /** What the library makes its text of, and what its `get` gives. */
  getForPromString(): Promise<object> {
    return Promise.resolve({ name: this.#name, help: this.#help, type: "histogram", aggregator: "sum", values: kinds.flatMap((kind) => this.#values(kind)) });
  }

  #values(kind: CheckKind): object[] {
    const seen = this.#seen[kind];
    const count = seen[this.#bounds.length + 1]!;
    if (count === 0) return [];
    const line = (suffix: string, value: number, labels: object = {}): object => ({ metricName: `${this.#name}_${suffix}`, labels, sharedLabels: { kind }, value });
    let below = 0;
    return [
      ...this.#bounds.map((le, i) => line("bucket", (below += seen[i]!), { le })),
      line("bucket", count, { le: "+Inf" }),
      line("sum", seen[this.#bounds.length + 2]!),
      line("count", count),
    ];
  }
}

export class Metrics {
  readonly registry = new Registry();
  readonly #height: Gauge;
  readonly #blockTime: Gauge;
  readonly #blockSeconds: Histogram;
  readonly #blockTxs: Histogram;
  readonly #txs: Counter<"result">;
  readonly #checkTx: CheckTimes;
  readonly #queries: Histogram<"door" | "code">;
  readonly #cometRestarts: Counter;

  constructor() {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry, prefix: "dcm_" });
    this.#height = new Gauge({ name: "dcm_block_height", help: "Height of the last executed block", registers });
    this.#blockTime = new Gauge({ name: "dcm_block_time_seconds", help: "When the last block was executed, Unix time", registers });
    this.#blockSeconds = new Histogram({ name: "dcm_block_execution_seconds", help: "FinalizeBlock, by block", buckets: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3], registers });
    this.#blockTxs = new Histogram({ name: "dcm_block_transactions", help: "Transactions, by block", buckets: [0, 1, 10, 100, 1_000, 10_000], registers });
    this.#txs = new Counter({ name: "dcm_transactions_total", help: "Executed transactions", labelNames: ["result"], registers });
    this.#checkTx = new CheckTimes("dcm_check_tx_seconds", "Mempool checks", [1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 1e-2, 0.1], this.registry);
    this.#queries = new Histogram({ name: "dcm_query_seconds", help: "Requests to REST and gRPC", labelNames: ["door", "code"], buckets: [1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1, 3, 10], registers });
    this.#cometRestarts = new Counter({ name: "dcm_comet_restarts_total", help: "How often CometBFT ended and was started again", registers });
  }

  /** One mempool check, which took so many milliseconds. */
  checkTx(recheck: boolean, ms: number): void {
    this.#checkTx.add(recheck ? "recheck" : "new", ms / 1_000);
  }

  /** Starts the clock of one block; call the result with its height at its end. */
  block(txs: number): (height: number) => void {
    const stop = this.#blockSeconds.startTimer();
    return (height) => {
      stop();
      this.#blockTxs.observe(txs);
      this.#height.set(height);
      this.#blockTime.set(Date.now() / 1000);
    };
  }

  /** Counts the executed transactions of a block. */
  transactions(succeeded: number, failed: number): void {
    this.#txs.inc({ result: "ok" }, succeeded);
    this.#txs.inc({ result: "failed" }, failed);
  }

  /** Starts the clock of one request; call the result with its gRPC code at its end. */
  query(door: "rest" | "grpc"): (code: string) => void {
    const stop = this.#queries.startTimer({ door });
    return (code) => void stop({ code });
  }

  cometRestarted(): void {
    this.#cometRestarts.inc();
  }

  /** Adds a gauge that is read when Prometheus asks. */
  gauge(name: string, help: string, read: () => number): void {
    const gauge: Gauge = new Gauge({ name, help, registers: [this.registry], collect: () => gauge.set(read()) });
  }

  /** Serves /metrics, and /health: 200 while blocks come, 503 when the last one is older than `staleSeconds`. */
  async serve(address: string, staleSeconds: number): Promise<{ address: string; close: () => Promise<void> }> {
    const server: Server = createServer({ requestTimeout: 10_000, headersTimeout: 5_000, maxHeaderSize: 8192 }, (request, response) => {
      if (request.method !== "GET") {
        response.writeHead(405).end();
      } else if (request.url === "/health") {
        void this.#blockTime.get().then(({ values }) => {
          const age = Date.now() / 1000 - (values[0]?.value ?? 0);
          response.writeHead(age <= staleSeconds ? 200 : 503, { "content-type": "application/json" }).end(JSON.stringify({ healthy: age <= staleSeconds }));
        });
      } else if (request.url === "/metrics") {
        void this.registry.metrics().then((text) => response.writeHead(200, { "content-type": this.registry.contentType }).end(text));
      } else {
        response.writeHead(404).end();
      }
    });
    server.maxConnections = 16;
    return listen(server, parseHostPort(address));
  }
}
