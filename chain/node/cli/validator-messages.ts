/** The messages by which a node becomes a validator, at genesis and later, out of a home's keys and an operator's flags. */
import { existsSync, readFileSync } from "node:fs";
import { addressBytes, addressText, prefixes } from "../../codec/address.ts";
import { blsProvePossession } from "../../codec/bls.ts";
import { PubKey as Ed25519PubKey } from "../../codec/gen/cosmos/crypto/ed25519/keys.ts";
import { MsgCreateValidator } from "../../codec/gen/cosmos/staking/v1beta1/tx.ts";
import { MsgRegisterBeaconKey } from "../../codec/gen/dcm/beacon/v1/tx.ts";
import type { Any } from "../../codec/gen/google/protobuf/any.ts";
import { Dec } from "../../math/dec.ts";
import { possessionContext } from "../../modules/beacon/seeds.ts";
import { isObject } from "../config/genesis-doc.ts";
import { readBeaconKey, readValidatorPubkey } from "../config/keys.ts";
import { ConfigFile } from "../config/toml.ts";
import type { Home } from "../home.ts";
import { parseCoins } from "./common.ts";
import { CliError, exitCodes } from "./io.ts";

export interface ValidatorOptions {
  readonly moniker?: string | undefined;
  readonly commissionRate: string;
  readonly commissionMaxRate: string;
  readonly commissionMaxChangeRate: string;
  readonly minSelfDelegation: string;
  readonly pubkey?: string | undefined;
  readonly beaconKey: boolean;
  readonly identity: string;
  readonly website: string;
  readonly securityContact: string;
  readonly details: string;
}

/** One amount of one denom. */
export function parseStake(text: string): { readonly denom: string; readonly amount: bigint } {
  const [stake, ...more] = parseCoins(text);
  if (stake === undefined || more.length > 0) throw new CliError("one amount of one token, such as 500000000udcm", { exitCode: exitCodes.usage });
  return stake;
}

export const operatorOf = (address: string): string => addressText(addressBytes(address), prefixes.validator);

/** MsgCreateValidator, and MsgRegisterBeaconKey unless the flags leave it out. */
export function validatorMessages(home: Home, chainId: string, address: string, stake: { readonly denom: string; readonly amount: bigint }, options: ValidatorOptions): Any[] {
  const consensusKey = options.pubkey === undefined ? readValidatorPubkey(home) : parsePubkey(options.pubkey);
  const create: Any = {
    typeUrl: `/${MsgCreateValidator.$type}`,
    value: MsgCreateValidator.encode({
      description: {
        moniker: options.moniker ?? ConfigFile.read(home.cometConfig).string("moniker"), identity: options.identity, website: options.website, securityContact: options.securityContact, details: options.details,
      },
      commission: { rate: rate(options.commissionRate, "rate"), maxRate: rate(options.commissionMaxRate, "max-rate"), maxChangeRate: rate(options.commissionMaxChangeRate, "max-change-rate") },
      minSelfDelegation: options.minSelfDelegation,
      delegatorAddress: "",
      validatorAddress: operatorOf(address),
      pubkey: { typeUrl: "/cosmos.crypto.ed25519.PubKey", value: Ed25519PubKey.encode({ key: consensusKey }).finish() },
      value: { denom: stake.denom, amount: stake.amount.toString() },
    }).finish(),
  };
  return options.beaconKey ? [create, beaconKeyMessage(home, chainId, address)] : [create];
}

export function beaconKeyMessage(home: Home, chainId: string, address: string): Any {
  const key = readBeaconKey(home);
  if (key === undefined) throw new CliError(`${home.beaconKey} does not exist`, { hint: '"dcmd init" makes it; --no-beacon-key goes without.', exitCode: exitCodes.notFound });
  const proofOfPossession = blsProvePossession(key.secretKey, possessionContext(chainId, addressBytes(address)));
  return { typeUrl: `/${MsgRegisterBeaconKey.$type}`, value: MsgRegisterBeaconKey.encode({ validatorAddress: operatorOf(address), publicKey: key.publicKey, proofOfPossession }).finish() };
}

/** A share as the protocol carries it: a whole number of 10^-18. */
export function rate(text: string, what: string): string {
  const atoms = /^\d(?:\.\d{1,18})?$/.test(text) ? Dec.parse(text).atomics : -1n;
  if (atoms < 0n || atoms > 10n ** 18n) throw new CliError(`--commission-${what} must be between 0 and 1, it is "${text.slice(0, 40)}"`, { exitCode: exitCodes.usage });
  return atoms.toString();
}

function parsePubkey(text: string): Uint8Array {
  const wrong = new CliError('--pubkey takes what "dcmd comet show-validator" prints: {"@type":"/cosmos.crypto.ed25519.PubKey","key":"..."}', { exitCode: exitCodes.usage });
  let json: unknown;
  try {
    json = JSON.parse(existsSync(text) ? readFileSync(text, "utf8") : text);
  } catch {
    throw wrong;
  }
  const key = isObject(json) && json["@type"] === "/cosmos.crypto.ed25519.PubKey" && typeof json.key === "string" ? Buffer.from(json.key, "base64") : undefined;
  if (key?.length !== 32) throw wrong;
  return new Uint8Array(key);
}
