/** The other end of `foreign.ts`: while the machine works, the clock and chance are out of reach. */
import { LocalReplica } from "./replica.ts";
import type { Answer, Order } from "./foreign.ts";

function forbidden(name: string): () => never {
  return () => {
    throw new Error(`consensus code used ${name}`);
  };
}

/** Date called or constructed without arguments is the clock; with arguments it is arithmetic, but in local time: neither belongs there. */
const throwingDate = new Proxy(Date, { construct: forbidden("new Date"), apply: forbidden("Date()"), get: (target, key, receiver) => (key === "now" ? forbidden("Date.now") : (Reflect.get(target, key, receiver) as unknown)) });

/** Runs synchronous work without clock and chance. */
function sealed<T>(work: () => T): T {
  const scope = globalThis as { Date: DateConstructor };
  const [date, random, now] = [scope.Date, Math.random, performance.now.bind(performance)];
  scope.Date = throwingDate;
  Math.random = forbidden("Math.random");
  performance.now = forbidden("performance.now");
  try {
    return work();
  } finally {
    scope.Date = date;
    Math.random = random;
    performance.now = now;
  }
}

let replica: LocalReplica | undefined;

async function answer(order: Order): Promise<Answer> {
  if (order.kind === "genesis") {
    await replica?.stop();
    replica = await LocalReplica.start("foreign", order.genesis, { guard: sealed });
    return { kind: "done" };
  }
  if (order.kind === "end") {
    await replica?.stop();
    replica = undefined;
    return { kind: "done" };
  }
  return { kind: "outcome", outcome: await replica!.execute(order.block) };
}

process.on("message", (order: Order) => {
  answer(order)
    .catch((error: unknown): Answer => ({ kind: "error", stack: error instanceof Error ? `${error.stack ?? error.message}\n${error.cause instanceof Error ? (error.cause.stack ?? "") : ""}` : String(error) }))
    .then((reply) => process.send!(reply), () => process.exit(1));
});
process.on("disconnect", () => {
  void Promise.resolve(replica?.stop()).finally(() => process.exit(0));
});
