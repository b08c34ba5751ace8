/** cosmos.base.tendermint.v1beta1.Service: blocks, validator sets and the node, as CometBFT knows them. */
import { ServiceDefinition as Definition, type ABCIQueryRequest, type ABCIQueryResponse, type GetLatestValidatorSetResponse } from "../../codec/gen/cosmos/base/tendermint/v1beta1/query.ts";
import type { PageRequest } from "../../codec/gen/cosmos/base/query/v1beta1/pagination.ts";
import type { ResponseQuery } from "../../codec/gen/tendermint/abci/types.ts";
import { fromHex } from "../../codec/bytes.ts";
import { QueryError } from "../../runtime/errors.ts";
import type { VersionInfo } from "../version.ts";
import type { CometRpc } from "./comet-rpc.ts";
import { blockIdOf, blockOf, sdkBlockOf, validatorOf, type BlockJson, type ValidatorJson } from "./comet-types.ts";
import { nodeService, type NodeMethod } from "./registry.ts";

interface StatusJson {
  readonly node_info: {
    readonly protocol_version: { readonly p2p: string; readonly block: string; readonly app: string };
    readonly id: string;
    readonly listen_addr: string;
    readonly network: string;
    readonly version: string;
    readonly channels: string;
    readonly moniker: string;
    readonly other: { readonly tx_index: string; readonly rpc_address: string };
  };
  readonly sync_info: { readonly latest_block_height: string; readonly catching_up: boolean };
}

/** The dialect that this chain speaks. */
const cosmosSdkVersion = "v0.53.8";

export type AbciQuery = (request: Pick<ABCIQueryRequest, "path" | "data" | "height" | "prove">) => Promise<Partial<ResponseQuery>> | Partial<ResponseQuery>;

export function cometService(rpc: CometRpc, version: VersionInfo, abciQuery: AbciQuery): NodeMethod[] {
  const status = (): Promise<StatusJson> => rpc.call<StatusJson>("status", {});
  const block = async (height: bigint | undefined) => {
    const json = await rpc.call<BlockJson>("block", height === undefined ? {} : { height: height.toString() });
    const made = blockOf(json);
    return { blockId: blockIdOf(json.block_id), block: made, sdkBlock: sdkBlockOf(made) };
  };
  const requireHeight = async (height: bigint): Promise<void> => {
    const latest = BigInt((await status()).sync_info.latest_block_height);
    if (height > latest) throw new QueryError("InvalidArgument", "requested block height is bigger then the chain length");
    if (height < 1n) throw new QueryError("InvalidArgument", `the height must be at least 1, it is ${height}`);
  };
  const validators = async (height: bigint | undefined, pagination: PageRequest | undefined): Promise<GetLatestValidatorSetResponse> => {
    const { page, perPage } = pageOf(pagination);
    const answer = await rpc.call<{ block_height: string; validators: readonly ValidatorJson[]; total: string }>("validators", {
      ...(height === undefined ? {} : { height: height.toString() }), page: String(page), per_page: String(perPage),
    });
    return { blockHeight: BigInt(answer.block_height), validators: answer.validators.map(validatorOf), pagination: { nextKey: new Uint8Array(0), total: BigInt(answer.total) } };
  };
  return nodeService(Definition, {
    async getNodeInfo() {
      const { node_info: info } = await status();
      return {
        defaultNodeInfo: {
          protocolVersion: { p2p: BigInt(info.protocol_version.p2p), block: BigInt(info.protocol_version.block), app: BigInt(info.protocol_version.app) },
          defaultNodeId: info.id, listenAddr: info.listen_addr, network: info.network, version: info.version, channels: fromHex(info.channels), moniker: info.moniker,
          other: { txIndex: info.other.tx_index, rpcAddress: info.other.rpc_address },
        },
        applicationVersion: {
          name: version.name, appName: version.appName, version: version.version, gitCommit: version.commit, buildTags: "", goVersion: version.runtime,
          buildDeps: version.dependencies.map(({ name, version: v }) => ({ path: name, version: v, sum: "" })), cosmosSdkVersion,
        },
      };
    },
    getSyncing: async () => ({ syncing: (await status()).sync_info.catching_up }),
    getLatestBlock: () => block(undefined),
    async getBlockByHeight({ height }) {
      await requireHeight(height);
      return block(height);
    },
    getLatestValidatorSet: ({ pagination }) => validators(undefined, pagination),
    async getValidatorSetByHeight({ height, pagination }) {
      await requireHeight(height);
      return validators(height, pagination);
    },
    async aBCIQuery({ path, data, height, prove }): Promise<ABCIQueryResponse> {
      if (path === "") throw new QueryError("InvalidArgument", "empty query path");
      // gRPC requests have their own door; as the SDK does, nothing else is let through.
      if (!/^\/?(?:app|store|p2p|custom)(?:\/|$)/.test(path)) throw new QueryError("InvalidArgument", `unsupported ABCI query path: ${path.slice(0, 200)}`);
      const answer = await abciQuery({ path: path.startsWith("/") ? path : `/${path}`, data, height, prove });
      return {
        code: answer.code ?? 0, log: answer.log ?? "", info: answer.info ?? "", index: answer.index ?? 0n, key: answer.key ?? new Uint8Array(0), value: answer.value ?? new Uint8Array(0),
        proofOps: answer.proofOps, height: answer.height ?? 0n, codespace: answer.codespace ?? "",
      };
    },
  });
}

/** CometBFT counts pages from 1; the SDK gives offset and limit, and refuses an offset within a page. */
function pageOf(request: PageRequest | undefined): { page: number; perPage: number } {
  const offset = request?.offset ?? 0n;
  const limit = request === undefined || request.limit === 0n ? 100n : request.limit;
  if (limit > 100n) return { page: Number(offset / 100n) + 1, perPage: 100 };
  return { page: Number(offset / limit) + 1, perPage: Number(limit) };
}
