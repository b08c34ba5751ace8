/** Gives coins to who asks, on a localnet only: `POST /credit {"address": "dcm1..."}`. Listens on loopback, refuses any chain id without `localnet`. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { isAddress } from "../chain/codec/address.ts";
import type { Sender } from "../client/sender.ts";

export interface FaucetOptions {
  readonly sender: Sender;
  readonly chainId: string;
  /** What one request gives. */
  readonly coin: { readonly denom: string; readonly amount: bigint };
  /** 0 takes a free port. */
  readonly port: number;
  /** One address gets coins once in so many milliseconds. */
  readonly cooldownMs: number;
}

export interface Faucet {
  readonly url: string;
  close(): Promise<void>;
}

const maxBody = 1_024;

export async function startFaucet(options: FaucetOptions): Promise<Faucet> {
  if (!options.chainId.includes("localnet")) throw new Error(`a faucet serves localnets only; ${options.chainId} is none`);
  const last = new Map<string, number>();
  const server: Server = createServer((request, response) => {
    const answer = (status: number, body: object): void => {
      response.writeHead(status, { "content-type": "application/json", "access-control-allow-origin": "*", "access-control-allow-headers": "content-type" });
      response.end(`${JSON.stringify(body)}\n`);
    };
    if (request.method === "OPTIONS") return answer(204, {});
    if (request.method === "GET" && request.url === "/status") return answer(200, { chainId: options.chainId, holder: options.sender.address, coin: { denom: options.coin.denom, amount: String(options.coin.amount) } });
    if (request.method !== "POST" || request.url !== "/credit") return answer(404, { error: "POST /credit with {\"address\": \"dcm1...\"}, or GET /status" });
    const chunks: Buffer[] = [];
    let size = 0;
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBody) {
        answer(413, { error: `a request is at most ${maxBody} bytes` });
        request.destroy();
      } else chunks.push(chunk);
    });
    request.on("end", () => {
      const address = addressOf(Buffer.concat(chunks).toString("utf8"));
      if (address === undefined) return answer(400, { error: "the body is {\"address\": \"dcm1...\"} with a valid account address" });
      const now = Date.now();
      const wait = (last.get(address) ?? -Infinity) + options.cooldownMs - now;
      if (wait > 0) return answer(429, { error: `${address} had coins already; again in ${Math.ceil(wait / 1000)} s` });
      if (last.size > 10_000) last.clear();
      last.set(address, now);
      const coin = { denom: options.coin.denom, amount: String(options.coin.amount) };
      options.sender
        .send({ typeUrl: "/cosmos.bank.v1beta1.MsgSend", value: { fromAddress: options.sender.address, toAddress: address, amount: [coin] } })
        .then((sent) => answer(200, { txHash: sent.txHash, height: sent.height, amount: coin }))
        .catch((error: unknown) => {
          last.delete(address);
          answer(502, { error: `the chain did not take the transaction: ${error instanceof Error ? error.message : String(error)}` });
        });
    });
  });
  server.requestTimeout = 10_000;
  server.headersTimeout = 5_000;
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(options.port, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => new Promise((resolve) => { server.close(() => resolve()); server.closeAllConnections(); }) };
}

function addressOf(body: string): string | undefined {
  try {
    const { address } = JSON.parse(body) as { address?: unknown };
    return typeof address === "string" && isAddress(address) ? address : undefined;
  } catch {
    return undefined;
  }
}
