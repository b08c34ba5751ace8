/** What a node says about the chain: its blocks, the app hashes that it computed itself, balances at a height. */
import { createHash } from "node:crypto";
import assert from "node:assert/strict";
import { QueryBalanceRequest, QueryBalanceResponse, QueryDenomOwnersRequest, QueryDenomOwnersResponse, QuerySupplyOfRequest, QuerySupplyOfResponse } from "../../../chain/codec/gen/cosmos/bank/v1beta1/query.ts";
import { QueryAccountInfoRequest, QueryAccountInfoResponse } from "../../../chain/codec/gen/cosmos/auth/v1beta1/query.ts";
import { toHex } from "../../../chain/codec/bytes.ts";
import { denom } from "../../../localnet/homes.ts";
import type { Block } from "./ledger.ts";

/** Whoever answers CometBFT's RPC. */
export interface Rpc {
  rpc(path: string): Promise<unknown>;
}

/** A node that is known by its address alone. */
export function rpcAt(address: string): Rpc {
  return {
    async rpc(path) {
      const response = await fetch(`${address}/${path}`, { signal: AbortSignal.timeout(5_000) });
      const { result, error } = (await response.json()) as { result?: unknown; error?: { message: string; data: string } };
      if (error !== undefined) throw new Error(`${path}: ${error.message} ${error.data}`);
      return result;
    },
  };
}

/** Of the last block whose results are there: the block that `status` names may still be executing. */
export async function heightOf(node: Rpc): Promise<number> {
  return Number(((await node.rpc("abci_info")) as { response: { last_block_height?: string } }).response.last_block_height ?? 0);
}

export async function readBlock(node: Rpc, height: number): Promise<Block> {
  const [block, results] = (await Promise.all([node.rpc(`block?height=${height}`), node.rpc(`block_results?height=${height}`)])) as [
    { block: { header: { time: string }; data: { txs: string[] | null } } }, { txs_results: { code: number }[] | null },
  ];
  const txs = block.block.data.txs ?? [];
  const codes = results.txs_results ?? [];
  assert.equal(codes.length, txs.length);
  return {
    height, timeMs: Date.parse(block.block.header.time),
    txs: txs.map((tx, i) => ({ hash: createHash("sha256").update(Buffer.from(tx, "base64")).digest("hex").toUpperCase(), height, code: codes[i]!.code })),
  };
}

export async function readBlocks(node: Rpc, first: number, last: number): Promise<Block[]> {
  const blocks: Block[] = [];
  for (let height = first; height <= last; height++) blocks.push(await readBlock(node, height));
  return blocks;
}

/** What this node's own application answered to FinalizeBlock at the height, not what the others agreed on. */
export async function ownAppHash(node: Rpc, height: number): Promise<string> {
  const { app_hash: hash } = (await node.rpc(`block_results?height=${height}`)) as { app_hash: string };
  return Buffer.from(hash, "base64").toString("hex");
}

/** Asserts that all nodes computed the same app hash at each of these heights, and that it is the one in the next header. Gives the last one. */
export async function assertEqualAppHashes(nodes: readonly Rpc[], first: number, last: number): Promise<string> {
  let hash = "";
  for (let height = first; height <= last; height++) {
    const hashes = await Promise.all(nodes.map((node) => ownAppHash(node, height)));
    assert.equal(new Set(hashes).size, 1, `app hashes differ at height ${height}: ${hashes.join(", ")}`);
    hash = hashes[0]!;
    assert.match(hash, /^[0-9a-f]{64}$/);
    if (height === last) continue;
    const { block } = (await nodes[0]!.rpc(`block?height=${height + 1}`)) as { block: { header: { app_hash: string } } };
    assert.equal(block.header.app_hash.toLowerCase(), hash);
  }
  return hash;
}

/** An answer of the application at a height; 0 is the latest. Throws with the application's words where it refuses. */
export async function query(node: Rpc, path: string, request: Uint8Array, height = 0): Promise<Uint8Array> {
  const { response } = (await node.rpc(`abci_query?path="${path}"&data=0x${toHex(request)}&height=${height}`)) as { response: { code: number; log: string; value: string | null } };
  if (response.code !== 0) throw new Error(`${path} at height ${height}: ${response.log}`);
  return new Uint8Array(Buffer.from(response.value ?? "", "base64"));
}

export async function balanceOf(node: Rpc, address: string, height = 0): Promise<bigint> {
  const answer = QueryBalanceResponse.decode(await query(node, "/cosmos.bank.v1beta1.Query/Balance", QueryBalanceRequest.encode({ address, denom }).finish(), height));
  return BigInt(answer.balance?.amount ?? 0);
}

/** All balances of the denom, by address. */
export async function allBalances(node: Rpc, height = 0): Promise<Map<string, bigint>> {
  const found = new Map<string, bigint>();
  for (let key = new Uint8Array(0); ; ) {
    const request = QueryDenomOwnersRequest.encode(QueryDenomOwnersRequest.fromPartial({ denom, pagination: { key, limit: 500n } })).finish();
    const { denomOwners, pagination } = QueryDenomOwnersResponse.decode(await query(node, "/cosmos.bank.v1beta1.Query/DenomOwners", request, height));
    for (const { address, balance } of denomOwners) found.set(address, BigInt(balance?.amount ?? 0));
    key = new Uint8Array(pagination?.nextKey ?? []);
    if (key.length === 0) return found;
  }
}

export async function supplyAt(node: Rpc, height = 0): Promise<bigint> {
  const answer = QuerySupplyOfResponse.decode(await query(node, "/cosmos.bank.v1beta1.Query/SupplyOf", QuerySupplyOfRequest.encode({ denom }).finish(), height));
  return BigInt(answer.amount?.amount ?? 0);
}

export async function accountAt(node: Rpc, address: string): Promise<{ number: bigint; sequence: bigint }> {
  const { info } = QueryAccountInfoResponse.decode(await query(node, "/cosmos.auth.v1beta1.Query/AccountInfo", QueryAccountInfoRequest.encode({ address }).finish()));
  return { number: info?.accountNumber ?? 0n, sequence: info?.sequence ?? 0n };
}
