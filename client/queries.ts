/** Typed queries over CosmJS's QueryClient: one function a method of each generated Query service. */
import { createProtobufRpcClient, type QueryClient } from "@cosmjs/stargate";
import { QueryDefinition as AuditorQuery } from "../chain/codec/gen/dcm/auditor/v1/query.ts";
import { QueryDefinition as BeaconQuery } from "../chain/codec/gen/dcm/beacon/v1/query.ts";
import { QueryDefinition as ChannelQuery } from "../chain/codec/gen/dcm/channel/v1/query.ts";
import { QueryDefinition as ClockQuery } from "../chain/codec/gen/dcm/clock/v1/query.ts";
import { QueryDefinition as DisputeQuery } from "../chain/codec/gen/dcm/dispute/v1/query.ts";
import { QueryDefinition as ForwardQuery } from "../chain/codec/gen/dcm/forward/v1/query.ts";
import { QueryDefinition as JurorQuery } from "../chain/codec/gen/dcm/juror/v1/query.ts";
import { QueryDefinition as MarketQuery } from "../chain/codec/gen/dcm/market/v1/query.ts";
import { QueryDefinition as OrganizationQuery } from "../chain/codec/gen/dcm/organization/v1/query.ts";
import { QueryDefinition as RefereeQuery } from "../chain/codec/gen/dcm/referee/v1/query.ts";
import { QueryDefinition as SessionQuery } from "../chain/codec/gen/dcm/session/v1/query.ts";
import { QueryDefinition as StakingQuery } from "../chain/codec/gen/dcm/staking/v1/query.ts";

interface Codec<T> {
  encode(message: T): { finish(): Uint8Array };
  decode(bytes: Uint8Array): T;
  fromPartial(object: object): T;
}

interface Service {
  readonly fullName: string;
  readonly methods: Readonly<Record<string, { readonly name: string; readonly requestType: unknown; readonly responseType: unknown }>>;
}

type Message<T> = T extends { decode(input: never): infer M } ? M : never;

/** `book({ classId, quoteDenom })`: a partial request, the whole response. Rejects with the node's words. */
export type Queries<S extends Service> = {
  readonly [K in keyof S["methods"]]: (request?: Partial<Message<S["methods"][K]["requestType"]>>) => Promise<Message<S["methods"][K]["responseType"]>>;
};

export function queriesOf<const S extends Service>(service: S, base: QueryClient): Queries<S> {
  const rpc = createProtobufRpcClient(base);
  const out: Record<string, (request?: object) => Promise<unknown>> = {};
  for (const [key, method] of Object.entries(service.methods)) {
    const request = method.requestType as Codec<unknown>;
    const response = method.responseType as Codec<unknown>;
    out[key] = async (partial = {}) => response.decode(await rpc.request(service.fullName, method.name, request.encode(request.fromPartial(partial)).finish()));
  }
  return out as Queries<S>;
}

export interface DcmExtension {
  readonly market: Queries<typeof MarketQuery>;
  readonly providers: Queries<typeof StakingQuery>;
  readonly auditors: Queries<typeof AuditorQuery>;
  readonly beacon: Queries<typeof BeaconQuery>;
  readonly clock: Queries<typeof ClockQuery>;
  readonly channel: Queries<typeof ChannelQuery>;
  readonly forward: Queries<typeof ForwardQuery>;
  readonly jurors: Queries<typeof JurorQuery>;
  readonly disputes: Queries<typeof DisputeQuery>;
  readonly organization: Queries<typeof OrganizationQuery>;
  readonly referee: Queries<typeof RefereeQuery>;
  readonly session: Queries<typeof SessionQuery>;
}

/** For `QueryClient.withExtensions(comet, setupBankExtension, setupDcmExtension, ...)`. */
export function setupDcmExtension(base: QueryClient): DcmExtension {
  return {
    market: queriesOf(MarketQuery, base), providers: queriesOf(StakingQuery, base), auditors: queriesOf(AuditorQuery, base), beacon: queriesOf(BeaconQuery, base), clock: queriesOf(ClockQuery, base),
    channel: queriesOf(ChannelQuery, base),
    forward: queriesOf(ForwardQuery, base),
    jurors: queriesOf(JurorQuery, base),
    disputes: queriesOf(DisputeQuery, base),
    organization: queriesOf(OrganizationQuery, base),
    referee: queriesOf(RefereeQuery, base),
    session: queriesOf(SessionQuery, base),
  };
}
