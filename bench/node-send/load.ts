/**
 * A load of transactions through CometBFT's RPC, `broadcast_tx_sync`, as cheap for the machine as it can be: batches over connections that
 * stay open, texts made ahead. CometBFT passes a transaction on to the application after up to 20 ms and a connection waits for each of
 * its own, so there are many connections.
 */
import { Agent, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

/** Requests in a batch: as many as CometBFT takes. */
const batchSize = 10;
/** How long an answer may take. CometBFT itself closes a connection that it has kept waiting for 10 s. */
const timeoutMs = 30_000;
/** So many connections may be lost to it; what they carried is sent again. */
const mostLost = 1_000;

export interface LoadOptions {
  readonly port: number;
  readonly connections: number;
  /** No transaction is sent after so long. */
  readonly durationMs: number;
  /** As in CometBFT's configuration: when the mempool was full, sending goes on once there is room again. */
  readonly mempoolSize: number;
}

export interface LoadResult {
  /** Transactions that CheckTx let pass; some of them a full mempool may have dropped, and they were sent again. */
  readonly accepted: number;
  /** Milliseconds since the epoch when the last answer was there. */
  readonly endedAt: number;
  /** How often an answer was "full". */
  readonly full: number;
  /** True where nothing was left to send before the time was over. */
  readonly exhausted: boolean;
}

interface Answer {
  readonly id: number;
  readonly result?: { readonly code: number; readonly log: string };
  readonly error?: { readonly message: string; readonly data?: string };
}

/** Transactions of one account, in order; `next` is the first that has not passed. */
interface Queue {
  readonly params: readonly string[];
  next: number;
}

/** The request of a transaction as JSON, but for its opening and id. */
export function requestText(tx: Uint8Array): string {
  return `"method":"broadcast_tx_sync","params":{"tx":"${Buffer.from(tx.buffer, tx.byteOffset, tx.length).toString("base64")}"}}`;
}

/** Sends until everything was sent or the time is over. `requests` are the accounts' transactions, as `requestText` gives them. */
export async function runLoad(requests: readonly (readonly string[])[], options: LoadOptions): Promise<LoadResult> {
  const { port, connections, durationMs, mempoolSize } = options;
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const until = performance.now() + durationMs;
  const queues = requests.map((params): Queue => ({ params, next: 0 }));
  const state = { accepted: 0, full: 0, lost: 0, room: undefined as Promise<void> | undefined };
  const waitForRoom = async (): Promise<void> => {
    while (performance.now() < until && (await unconfirmed(agent, port)) > 0.9 * mempoolSize) await sleep(20);
    state.room = undefined;
  };
  const lane = async (own: readonly Queue[]): Promise<void> => {
    while (performance.now() < until) {
      await state.room;
      const sent = nextBatch(own);
      if (sent.length === 0) return;
      const texts = sent.map(([queue, at], id) => `{"jsonrpc":"2.0","id":${id},${queue.params[at]!}`);
      let answers: readonly Answer[];
      try {
        const answer = (await post(agent, port, `[${texts.join(",")}]`)) as Answer | readonly Answer[];
        // A batch of one is answered without its brackets.
        answers = Array.isArray(answer) ? answer : [answer as Answer];
      } catch (error) {
        if (++state.lost > mostLost) throw error;
        await sleep(50);
        continue;
      }
      if (take(sent, answers, state)) state.room ??= waitForRoom();
    }
  };
  try {
    await Promise.all(Array.from({ length: connections }, (_, i) => lane(queues.filter((_, n) => n % connections === i))));
    return { accepted: state.accepted, full: state.full, endedAt: Date.now(), exhausted: queues.every(({ params, next }) => next >= params.length) };
  } finally {
    agent.destroy();
  }
}

/** Of each account the next ones, in turns. */
function nextBatch(own: readonly Queue[]): [Queue, number][] {
  const out: [Queue, number][] = [];
  for (let round = 0; out.length < batchSize; round++) {
    const before = out.length;
    for (const queue of own) if (out.length < batchSize && queue.next + round < queue.params.length) out.push([queue, queue.next + round]);
    if (out.length === before) break;
  }
  return out;
}

/** Moves the accounts on, or back to what was dropped. True where the mempool was full. */
function take(sent: readonly [Queue, number][], answers: readonly Answer[], state: { accepted: number; full: number }): boolean {
  if (answers.length !== sent.length) throw new Error(`${sent.length} requests were sent in a batch, ${answers.length} were answered: ${JSON.stringify(answers).slice(0, 300)}`);
  const stuck = new Set<Queue>();
  let full = false;
  for (const { id, result, error } of answers) {
    const [queue, at] = sent[id]!;
    const why = error === undefined ? "" : `${error.message} ${error.data ?? ""}`;
    if (why.includes("mempool is full") || why.includes("considered as full")) {
      state.full++;
      full = true;
      stuck.add(queue);
    } else if (stuck.has(queue)) {
      continue;
    } else if (result?.code === 0 || why.includes("already exists in cache")) {
      state.accepted++;
      queue.next = at + 1;
    } else {
      const expected = /account sequence mismatch, expected (\d+)/.exec(result?.log ?? "");
      if (expected === null) throw new Error(`a transaction was refused: ${why}${JSON.stringify(result ?? "")}`);
      queue.next = Number(expected[1]);
      stuck.add(queue);
    }
  }
  return full;
}

/** Transactions that wait in the mempool. */
export async function unconfirmed(agent: Agent | undefined, port: number): Promise<number> {
  const { result } = (await post(agent, port, '{"jsonrpc":"2.0","id":0,"method":"num_unconfirmed_txs","params":{}}')) as { result: { n_txs: string } };
  return Number(result.n_txs);
}

/** One JSON-RPC call or batch; rejects where there is no answer. */
export function post(agent: Agent | undefined, port: number, body: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    const sent = request({ host: "127.0.0.1", port, method: "POST", path: "/", headers, timeout: timeoutMs, ...(agent === undefined ? {} : { agent }) }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("error", reject);
      response.on("end", () => {
        const text = Buffer.concat(parts).toString();
        try {
          resolve(JSON.parse(text));
        } catch {
          reject(new Error(`the RPC answered ${response.statusCode ?? ""}: ${text.slice(0, 300)}`));
        }
      });
    });
    sent.on("timeout", () => sent.destroy(new Error(`the RPC did not answer within ${timeoutMs} ms`)));
    sent.on("error", reject);
    sent.end(body);
  });
}
