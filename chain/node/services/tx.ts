/** cosmos.tx.v1beta1.Service: simulate, broadcast, find, encode. Wordings are the Cosmos SDK's where clients read them. */
import { ServiceDefinition as Definition, OrderBy, BroadcastMode, type GetTxsEventRequest } from "../../codec/gen/cosmos/tx/v1beta1/service.ts";
import { Tx } from "../../codec/gen/cosmos/tx/v1beta1/tx.ts";
import type { TxResponse } from "../../codec/gen/cosmos/base/abci/v1beta1/abci.ts";
import { TxMsgData } from "../../codec/gen/cosmos/base/abci/v1beta1/abci.ts";
import { fromHex, toBase64, toHex } from "../../codec/bytes.ts";
import { GoAminoError } from "../../codec/go-amino.ts";
import { sha256 } from "../../codec/hash.ts";
import type { Json } from "../../codec/proto-json.ts";
import { stdTxToBinary, stdTxToJson } from "../../codec/std-tx.ts";
import { QueryError, sdkErrors } from "../../runtime/errors.ts";
import type { Machine } from "../../runtime/machine.ts";
import { RpcError, type CometRpc } from "./comet-rpc.ts";
import { blockIdOf, blockOf, txOf, txResponseOf, type BlockJson, type TxJson } from "./comet-types.ts";
import { nodeService, type NodeMethod } from "./registry.ts";

/** As CometBFT's own. */
const maxPerPage = 100;

export function txService(machine: Machine, rpc: CometRpc): NodeMethod[] {
  /** Times of blocks, by height: transactions of one page often share one. */
  const withTimes = async (txs: readonly TxJson[]): Promise<TxResponse[]> => {
    const times = new Map<string, string>();
    for (const { height } of txs) if (!times.has(height)) times.set(height, (await rpc.call<{ header: { time: string } }>("header", { height })).header.time);
    return txs.map((tx) => txResponseOf(tx, times.get(tx.height)!));
  };
  return nodeService(Definition, {
    simulate({ tx, txBytes }) {
      const bytes = txBytes.length > 0 ? txBytes : tx === undefined ? undefined : Tx.encode(tx).finish();
      if (bytes === undefined) throw new QueryError("InvalidArgument", "empty txBytes is not allowed");
      const result = machine.simulate(bytes);
      if (result.code !== 0) throw new QueryError("Unknown", `${result.log} with gas used: '${result.gasUsed}'`);
      return {
        gasInfo: { gasWanted: result.gasWanted, gasUsed: result.gasUsed },
        result: { data: result.data, log: result.log, events: result.events, msgResponses: TxMsgData.decode(result.data).msgResponses },
      };
    },

    async getTx({ hash }) {
      if (hash === "") throw new QueryError("InvalidArgument", "tx hash cannot be empty");
      const bytes = hashBytes(hash);
      let found: TxJson;
      try {
        found = await rpc.call<TxJson>("tx", { hash: toBase64(bytes), prove: false });
      } catch (error) {
        if (error instanceof RpcError && error.message.includes("not found")) throw new QueryError("NotFound", `tx not found: ${hash}`);
        throw error;
      }
      return { tx: txOf(Buffer.from(found.tx, "base64")), txResponse: (await withTimes([found]))[0] };
    },

    async broadcastTx({ txBytes, mode }) {
      if (txBytes.length === 0) throw new QueryError("InvalidArgument", "invalid empty tx");
      if (mode !== BroadcastMode.BROADCAST_MODE_SYNC && mode !== BroadcastMode.BROADCAST_MODE_ASYNC) {
        throw new QueryError("Unknown", "unsupported return type ; supported types: sync, async");
      }
      const method = mode === BroadcastMode.BROADCAST_MODE_SYNC ? "broadcast_tx_sync" : "broadcast_tx_async";
      const empty: TxResponse = { height: 0n, txhash: toHex(sha256(txBytes)).toUpperCase(), codespace: "", code: 0, data: "", rawLog: "", logs: [], info: "", gasWanted: 0n, gasUsed: 0n, tx: undefined, timestamp: "", events: [] };
      try {
        const { code, codespace, log, data } = await rpc.call<{ code: number; codespace: string; log: string; data: string }>(method, { tx: toBase64(txBytes) });
        return { txResponse: { ...empty, code, codespace, rawLog: log, data } };
      } catch (error) {
        const code = error instanceof RpcError ? mempoolCode(error.message.toLowerCase()) : undefined;
        if (code === undefined) throw error;
        return { txResponse: { ...empty, code, codespace: "sdk" } };
      }
    },

    async getTxsEvent(request) {
      const query = request.query === "" ? request.events.join(" AND ") : request.query;
      if (query === "") throw new QueryError("Internal", "query cannot be empty");
      const { page, perPage } = pageOf(request);
      let found: { txs: readonly TxJson[] | null; total_count: string };
      try {
        found = await rpc.call("tx_search", { query, prove: false, page: String(page), per_page: String(perPage), order_by: request.orderBy === OrderBy.ORDER_BY_DESC ? "desc" : "asc" });
      } catch (error) {
        if (error instanceof RpcError) throw new QueryError("Internal", `failed to search for txs: ${error.message}`);
        throw error;
      }
      const txs = found.txs ?? [];
      return { txs: txs.map(({ tx }) => txOf(Buffer.from(tx, "base64"))), txResponses: await withTimes(txs), pagination: undefined, total: BigInt(found.total_count) };
    },

    async getBlockWithTxs({ height, pagination }) {
      const current = machine.header?.height ?? 0n;
      if (height < 1n || height > current) {
        throw new QueryError("Unknown", `requested height ${height} but height must not be less than 1 or greater than the current height ${current}: invalid height`);
      }
      const json = await rpc.call<BlockJson>("block", { height: height.toString() });
      const block = blockOf(json);
      const all = block.data?.txs ?? [];
      const offset = pagination?.offset ?? 0n;
      const limit = pagination === undefined ? 100n : pagination.limit;
      if (offset >= BigInt(all.length) && all.length > 0) {
        throw new QueryError("Unknown", `out of range: cannot paginate ${all.length} txs with offset ${offset} and limit ${limit}: invalid request`);
      }
      const from = Number(offset);
      const ordered = pagination?.reverse === true ? all.slice(0, from + 1).reverse() : all.slice(from);
      const shown = ordered.slice(0, Number(limit > BigInt(all.length) ? all.length : limit));
      return { txs: shown.map(txOf), blockId: blockIdOf(json.block_id), block, pagination: { nextKey: new Uint8Array(0), total: BigInt(all.length) } };
    },

    txDecode({ txBytes }) {
      if (txBytes.length === 0) throw new QueryError("InvalidArgument", "invalid empty tx bytes");
      try {
        return { tx: txOf(txBytes) };
      } catch (error) {
        throw new QueryError("Unknown", `${error instanceof Error ? error.message : "unreadable"}: tx parse error`);
      }
    },

    txEncode({ tx }) {
      if (tx === undefined) throw new QueryError("InvalidArgument", "invalid empty tx");
      return { txBytes: Tx.encode(tx).finish() };
    },

    txEncodeAmino({ aminoJson }) {
      if (aminoJson === "") throw new QueryError("InvalidArgument", "invalid empty tx json");
      return { aminoBinary: legacy(() => stdTxToBinary(JSON.parse(aminoJson) as Json)) };
    },

    txDecodeAmino({ aminoBinary }) {
      if (aminoBinary.length === 0) throw new QueryError("InvalidArgument", "invalid empty tx bytes");
      return { aminoJson: legacy(() => stdTxToJson(aminoBinary)) };
    },
  });
}

/** What go-amino refuses, the SDK's service gives out as it is. */
function legacy<T>(convert: () => T): T {
  try {
    return convert();
  } catch (error) {
    if (error instanceof GoAminoError || error instanceof SyntaxError) throw new QueryError("Unknown", error.message);
    throw error;
  }
}

function hashBytes(hash: string): Uint8Array {
  try {
    const bytes = fromHex(hash);
    if (bytes.length === 32) return bytes;
  } catch {
    throw new QueryError("InvalidArgument", `tx hash is not hexadecimal: ${hash.slice(0, 80)}`);
  }
  throw new QueryError("NotFound", `tx not found: ${hash.slice(0, 80)}`);
}

/** What CometBFT refuses before CheckTx, as the SDK's codes. */
function mempoolCode(message: string): number | undefined {
  if (message.includes("tx already exists in cache")) return sdkErrors.txInMempool.code;
  if (message.includes("mempool is full")) return sdkErrors.mempoolFull.code;
  // The second: it does not even fit into a request to CometBFT (max_body_bytes).
  if (message.includes("tx too large") || message.includes("request body too large")) return sdkErrors.txTooLarge.code;
  return undefined;
}

/** `page` and `limit`, or, as older clients send it, `pagination`. */
function pageOf({ page, limit, pagination }: GetTxsEventRequest): { page: number; perPage: number } {
  const wanted = limit > 0n ? limit : (pagination?.limit ?? 0n);
  const perPage = wanted <= 0n || wanted > BigInt(maxPerPage) ? maxPerPage : Number(wanted);
  if (page > 0n) return { page: Number(page > 1_000_000_000n ? 1_000_000_000n : page), perPage };
  return { page: Math.floor(Number(pagination?.offset ?? 0n) / perPage) + 1, perPage };
}
