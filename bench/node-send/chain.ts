/** What a node's blocks and state say of a load after it: the measure is what was committed, not what was sent. */
import { QueryAccountInfoRequest, QueryAccountInfoResponse } from "../../chain/codec/gen/cosmos/auth/v1beta1/query.ts";
import { QueryBalanceRequest, QueryBalanceResponse } from "../../chain/codec/gen/cosmos/bank/v1beta1/query.ts";
import { toHex } from "../../chain/codec/bytes.ts";
import type { TestAccount } from "../../test/support/accounts.ts";
import { denom, fee, initialBalance } from "./home.ts";
import { post } from "./load.ts";

export interface Block {
  readonly height: number;
  /** Sends that succeeded. */
  readonly sends: number;
  /** Milliseconds since the epoch, of the header: when the votes for the block before it were cast. */
  readonly time: number;
}

/** CometBFT lists at most this many headers at once. */
const most = 20;

async function call<T>(port: number, method: string, params: object): Promise<T> {
  const { result, error } = (await post(undefined, port, JSON.stringify({ jsonrpc: "2.0", id: 0, method, params }))) as { result?: T; error?: unknown };
  if (result === undefined) throw new Error(`${method} answered ${JSON.stringify(error)}`);
  return result;
}

export async function latestHeight(port: number): Promise<number> {
  const { sync_info } = await call<{ sync_info: { latest_block_height: string } }>(port, "status", {});
  return Number(sync_info.latest_block_height);
}

/**
 * The blocks from a height to the one before the latest, of which the results may not be there yet, with the transactions that their results
 * count: a proposer's own, which wants no gas, is none. The application that does nothing (`idle`) says nothing of gas. Throws where a transaction failed.
 */
export async function blocksFrom(port: number, from: number, idle: boolean): Promise<Block[]> {
  const to = (await latestHeight(port)) - 1;
  const out: Block[] = [];
  for (let at = from; at <= to; at += most) {
    const { block_metas } = await call<{ block_metas: { header: { height: string; time: string }; num_txs: string }[] }>(port, "blockchain", { minHeight: String(at), maxHeight: String(Math.min(to, at + most - 1)) });
    for (const { header, num_txs } of block_metas.reverse()) {
      out.push({ height: Number(header.height), sends: num_txs === "0" ? 0 : await succeeded(port, header.height, idle), time: Date.parse(header.time) });
    }
  }
  return out;
}

async function succeeded(port: number, height: string, idle: boolean): Promise<number> {
  const { txs_results } = await call<{ txs_results: { code: number; log?: string; gas_wanted: string }[] | null }>(port, "block_results", { height });
  let count = 0;
  for (const { code, log, gas_wanted } of txs_results ?? []) {
    if (code !== 0) throw new Error(`a transaction of block ${height} failed with code ${code}: ${log ?? ""}`);
    if (idle || gas_wanted !== "0") count++;
  }
  return count;
}

/** The value of an ABCI query at the latest height; throws what the node answers instead. */
export async function query(port: number, path: string, data: Uint8Array): Promise<Uint8Array> {
  const { response } = await call<{ response: { code: number; value: string | null; log: string } }>(port, "abci_query", { path, data: toHex(data) });
  if (response.code !== 0) throw new Error(`${path} answered ${response.code}: ${response.log}`);
  return Buffer.from(response.value ?? "", "base64");
}

/** Throws where the accounts' sequences and balances are not those after so many sends. */
export async function assertMoved(port: number, accounts: readonly TestAccount[], sends: number): Promise<void> {
  let sequences = 0n;
  let balances = 0n;
  for (const { text } of accounts) {
    const info = await query(port, "/cosmos.auth.v1beta1.Query/AccountInfo", QueryAccountInfoRequest.encode({ address: text }).finish());
    sequences += QueryAccountInfoResponse.decode(info).info?.sequence ?? 0n;
    const balance = await query(port, "/cosmos.bank.v1beta1.Query/Balance", QueryBalanceRequest.encode({ address: text, denom }).finish());
    balances += BigInt(QueryBalanceResponse.decode(balance).balance?.amount ?? "0");
  }
  const spent = BigInt(accounts.length) * initialBalance - balances;
  if (sequences !== BigInt(sends) || spent !== BigInt(sends) * fee) throw new Error(`${sends} sends are committed, but sequences say ${sequences} and ${spent}${denom} of fees were paid, not ${BigInt(sends) * fee}`);
}
