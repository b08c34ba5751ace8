/** dcmd query upgrade: the scheduled plan, what was applied, the modules' versions. */
import {
  QueryAppliedPlanRequest, QueryAppliedPlanResponse, QueryAuthorityRequest, QueryAuthorityResponse, QueryCurrentPlanRequest, QueryCurrentPlanResponse, QueryModuleVersionsRequest, QueryModuleVersionsResponse,
} from "../../codec/gen/cosmos/upgrade/v1beta1/query.ts";
import { toJson } from "../../codec/proto-json.ts";
import { CliError, columns, exitCodes, print, type Io } from "./io.ts";
import { get, type QueryOptions } from "./ask.ts";
import type { Globals } from "./program.ts";

export async function plan(io: Io, globals: Globals, options: QueryOptions): Promise<void> {
  const bytes = await ask(globals, options, "CurrentPlan", QueryCurrentPlanRequest.encode({}).finish());
  const { plan: found } = QueryCurrentPlanResponse.decode(bytes);
  const text = found === undefined ? "no upgrade is scheduled" : columns([["name", found.name], ["height", found.height.toString()], ["info", found.info]]);
  print(io, globals.format, toJson(QueryCurrentPlanResponse.$type, bytes), text);
}

export async function applied(io: Io, globals: Globals, name: string, options: QueryOptions): Promise<void> {
  const bytes = await ask(globals, options, "AppliedPlan", QueryAppliedPlanRequest.encode({ name }).finish());
  const { height } = QueryAppliedPlanResponse.decode(bytes);
  if (height === 0n) throw new CliError(`no upgrade "${name}" was applied`, { exitCode: exitCodes.notFound });
  print(io, globals.format, toJson(QueryAppliedPlanResponse.$type, bytes), `"${name}" was applied at height ${height}`);
}

export async function moduleVersions(io: Io, globals: Globals, moduleName: string | undefined, options: QueryOptions): Promise<void> {
  const bytes = await ask(globals, options, "ModuleVersions", QueryModuleVersionsRequest.encode({ moduleName: moduleName ?? "" }).finish());
  const { moduleVersions: found } = QueryModuleVersionsResponse.decode(bytes);
  print(io, globals.format, toJson(QueryModuleVersionsResponse.$type, bytes), columns(found.map(({ name, version }) => [name, version.toString()])));
}

export async function authority(io: Io, globals: Globals, options: QueryOptions): Promise<void> {
  const bytes = await ask(globals, options, "Authority", QueryAuthorityRequest.encode({}).finish());
  print(io, globals.format, toJson(QueryAuthorityResponse.$type, bytes), QueryAuthorityResponse.decode(bytes).address);
}

const ask = (globals: Globals, options: QueryOptions, method: string, data: Uint8Array): Promise<Uint8Array> => get(globals, options, `/cosmos.upgrade.v1beta1.Query/${method}`, data);
