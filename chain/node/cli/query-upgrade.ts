/** dcmd query upgrade: the scheduled plan, what was applied, the modules' versions. */
import { existsSync } from "node:fs";
import {
  QueryAppliedPlanRequest, QueryAppliedPlanResponse, QueryAuthorityRequest, QueryAuthorityResponse, QueryCurrentPlanRequest, QueryCurrentPlanResponse, QueryModuleVersionsRequest, QueryModuleVersionsResponse,
} from "../../codec/gen/cosmos/upgrade/v1beta1/query.ts";
import { toJson } from "../../codec/proto-json.ts";
import { ConfigFile } from "../config/toml.ts";
import { Home } from "../home.ts";
import { CometRpc, RpcError } from "../services/comet-rpc.ts";
import { CliError, columns, exitCodes, print, type Io } from "./io.ts";
import type { Globals } from "./program.ts";

interface Options {
  readonly node?: string | undefined;
}

export async function plan(io: Io, globals: Globals, options: Options): Promise<void> {
  const bytes = await ask(globals, options, "CurrentPlan", QueryCurrentPlanRequest.encode({}).finish());
  const { plan: found } = QueryCurrentPlanResponse.decode(bytes);
  const text = found === undefined ? "no upgrade is scheduled" : columns([["name", found.name], ["height", found.height.toString()], ["info", found.info]]);
  print(io, globals.format, toJson(QueryCurrentPlanResponse.$type, bytes), text);
}

export async function applied(io: Io, globals: Globals, name: string, options: Options): Promise<void> {
  const bytes = await ask(globals, options, "AppliedPlan", QueryAppliedPlanRequest.encode({ name }).finish());
  const { height } = QueryAppliedPlanResponse.decode(bytes);
  if (height === 0n) throw new CliError(`no upgrade "${name}" was applied`, { exitCode: exitCodes.notFound });
  print(io, globals.format, toJson(QueryAppliedPlanResponse.$type, bytes), `"${name}" was applied at height ${height}`);
}

export async function moduleVersions(io: Io, globals: Globals, moduleName: string | undefined, options: Options): Promise<void> {
  const bytes = await ask(globals, options, "ModuleVersions", QueryModuleVersionsRequest.encode({ moduleName: moduleName ?? "" }).finish());
  const { moduleVersions: found } = QueryModuleVersionsResponse.decode(bytes);
  print(io, globals.format, toJson(QueryModuleVersionsResponse.$type, bytes), columns(found.map(({ name, version }) => [name, version.toString()])));
}

export async function authority(io: Io, globals: Globals, options: Options): Promise<void> {
  const bytes = await ask(globals, options, "Authority", QueryAuthorityRequest.encode({}).finish());
  print(io, globals.format, toJson(QueryAuthorityResponse.$type, bytes), QueryAuthorityResponse.decode(bytes).address);
}

async function ask({ home }: Globals, { node }: Options, method: string, data: Uint8Array): Promise<Uint8Array> {
  const { clientConfig } = new Home(home);
  const rpc = new CometRpc(node ?? (existsSync(clientConfig) ? ConfigFile.read(clientConfig).string("node") : "tcp://127.0.0.1:26657"));
  try {
    const { response } = await rpc.call<{ response: { code: number; log: string; value: string | null } }>("abci_query", { path: `/cosmos.upgrade.v1beta1.Query/${method}`, data: Buffer.from(data).toString("hex") });
    if (response.code !== 0) throw new CliError(response.log, { exitCode: response.code === 22 ? exitCodes.notFound : exitCodes.invalid });
    return new Uint8Array(Buffer.from(response.value ?? "", "base64"));
  } catch (error) {
    if (error instanceof CliError || error instanceof RpcError) throw error;
    throw new CliError(`no answer from ${rpc.url}: ${error instanceof Error ? error.message : "unreachable"}`, { hint: "Is the node running (dcmd start)? Another one is asked with --node.", exitCode: exitCodes.unreachable });
  } finally {
    rpc.close();
  }
}
