/** dcm's messages for CosmJS: type URLs with their wire types, from the generated services. */
import { Registry, type GeneratedType } from "@cosmjs/proto-signing";
import { defaultRegistryTypes } from "@cosmjs/stargate";
import { MsgDefinition as AuditorMsg } from "../chain/codec/gen/dcm/auditor/v1/tx.ts";
import { MsgDefinition as BeaconMsg } from "../chain/codec/gen/dcm/beacon/v1/tx.ts";
import { MsgDefinition as ChannelMsg } from "../chain/codec/gen/dcm/channel/v1/tx.ts";
import { MsgDefinition as DisputeMsg } from "../chain/codec/gen/dcm/dispute/v1/tx.ts";
import { MsgDefinition as ForwardMsg } from "../chain/codec/gen/dcm/forward/v1/tx.ts";
import { MsgDefinition as JurorMsg } from "../chain/codec/gen/dcm/juror/v1/tx.ts";
import { MsgDefinition as MarketMsg } from "../chain/codec/gen/dcm/market/v1/tx.ts";
import { MsgDefinition as OrganizationMsg } from "../chain/codec/gen/dcm/organization/v1/tx.ts";
import { MsgDefinition as RefereeMsg } from "../chain/codec/gen/dcm/referee/v1/tx.ts";
import { MsgDefinition as SessionMsg } from "../chain/codec/gen/dcm/session/v1/tx.ts";
import { MsgDefinition as StakingMsg } from "../chain/codec/gen/dcm/staking/v1/tx.ts";

/** Every message of dcm's own modules: `[["/dcm.market.v1.MsgPlaceAsk", MsgPlaceAsk], ...]`. */
export const dcmRegistryTypes: readonly [typeUrl: string, type: GeneratedType][] = [AuditorMsg, BeaconMsg, ChannelMsg, DisputeMsg, ForwardMsg, JurorMsg, MarketMsg, OrganizationMsg, RefereeMsg, SessionMsg, StakingMsg].flatMap((service): [string, GeneratedType][] =>
  Object.values(service.methods).map((method) => [`/${method.requestType.$type}`, method.requestType as unknown as GeneratedType]),
);

/** What a SigningStargateClient needs to sign everything that the chain accepts. */
export function dcmRegistry(): Registry {
  return new Registry([...defaultRegistryTypes, ...dcmRegistryTypes]);
}
