import { GenesisState, type GenesisAuditor } from "../../../codec/gen/dcm/auditor/v1/genesis.ts";
import type { Accreditation, Attestation, Unbonding } from "../../../codec/gen/dcm/auditor/v1/types.ts";
import { addressBytes, addressText } from "../../../codec/address.ts";
import { readAmount } from "../../../runtime/coins.ts";
import type { Context } from "../../../runtime/context.ts";
import { assert } from "../../../runtime/errors.ts";
import type { Genesis } from "../../../runtime/module.ts";
import { attributeFault, urlFault } from "../../../runtime/text.ts";
import { put } from "./attestations.ts";
import { bondFault, readBond } from "./bond.ts";
import { patternsFault, profileFault } from "./checks.ts";
import type { Keeper } from "./keeper.ts";
import { defaultParams, maxAccreditations, paramsFault } from "./params.ts";
import { accreditationQueue, accreditations, attestations, bonds, nextUnbondingId, params, profiles, unbondingQueue, unbondings, voidAuditors, voidProviders } from "./state.ts";

export function auditorsGenesis(keeper: Keeper): Genesis<GenesisState> {
  return {
    type: GenesisState,
    defaults: () => ({ params: defaultParams(), auditors: [], accreditations: [], attestations: [], unbondings: [], nextUnbondingId: 1n, voidProviders: [], voidAuditors: [] }),

    check(state) {
      const fault = paramsFault(state.params);
      assert(fault === undefined, `auditors.params: ${fault ?? ""}`);
      const left = new Map<string, bigint>();
      for (const auditor of state.auditors) {
        checkAuditor(auditor);
        assert(!left.has(auditor.auditor), `auditors.auditors: ${auditor.auditor} stands twice`);
        left.set(auditor.auditor, BigInt(auditor.bond!.unbonding));
      }
      assert(state.accreditations.length <= maxAccreditations, `auditors.accreditations: at most ${maxAccreditations}, got ${state.accreditations.length}`);
      unique("accreditations", state.accreditations.map(checkAccreditation));
      unique("attestations", state.attestations.map((one) => checkAttestation(one, left)));
      const ids = new Set<bigint>();
      for (const entry of state.unbondings) {
        checkUnbonding(entry, state.nextUnbondingId);
        const rest = left.get(entry.auditor);
        assert(rest !== undefined && !ids.has(entry.id), `auditors.unbondings: entry ${entry.id} stands twice or belongs to nobody`);
        ids.add(entry.id);
        left.set(entry.auditor, rest - BigInt(entry.amount));
      }
      for (const { auditor } of state.auditors) assert(left.get(auditor) === 0n, `auditors.auditors: the unbonding bond of ${auditor} is not the sum of its entries`);
      for (const provider of state.voidProviders) canonical("void_providers", provider);
      for (const auditor of state.voidAuditors) assert(left.has(auditor), `auditors.void_auditors: ${auditor} is no auditor`);
      for (const { auditor, bond } of state.auditors) {
        const ended = !bond!.retiring || state.voidAuditors.includes(auditor) || !state.attestations.some((one) => one.auditor === auditor);
        assert(ended, `auditors.attestations: ${auditor} retires and is missing from void_auditors`);
      }
    },

    init(ctx, state) {
      params.set(ctx, state.params!);
      // An absent number reads as zero: ids begin at 1.
      nextUnbondingId.set(ctx, state.nextUnbondingId > 0n ? state.nextUnbondingId : 1n);
      let owed = 0n;
      for (const { auditor, profile, bond } of state.auditors) {
        profiles.set(ctx, addressBytes(auditor), profile!);
        bonds.set(ctx, addressBytes(auditor), bond!);
        owed += BigInt(bond!.total);
      }
      for (const accreditation of state.accreditations) {
        const auditor = addressBytes(accreditation.auditor);
        accreditations.set(ctx, auditor, accreditation);
        accreditationQueue.set(ctx, [accreditation.expiresTauMs, auditor], true);
      }
      for (const provider of state.voidProviders) voidProviders.set(ctx, addressBytes(provider), true);
      for (const auditor of state.voidAuditors) voidAuditors.set(ctx, addressBytes(auditor), true);
      for (const attestation of state.attestations) {
        checkDeclared(ctx, keeper, attestation);
        put(ctx, attestation);
        owed += BigInt(attestation.storageDeposit);
      }
      for (const entry of state.unbondings) {
        const auditor = addressBytes(entry.auditor);
        unbondings.set(ctx, [auditor, entry.id], entry);
        unbondingQueue.set(ctx, [entry.dueTauMs, entry.id], auditor);
      }
      const account = keeper.account(ctx);
      const { bondDenom } = state.params!;
      const held = keeper.ports.bank.balance(ctx, account, bondDenom);
      assert(held >= owed, `the account of auditors (${addressText(account)}) holds ${held}${bondDenom} in the genesis balances, bonds and deposits are ${owed}`);
    },

    export: (ctx) => ({
      params: params.get(ctx),
      auditors: [...profiles.entries(ctx)].map(([auditor, profile]) => ({ auditor: addressText(auditor), profile, bond: bonds.find(ctx, auditor) })),
      accreditations: [...accreditations.entries(ctx)].map(([, accreditation]) => accreditation),
      attestations: [...attestations.entries(ctx)].map(([, attestation]) => attestation),
      unbondings: [...unbondings.entries(ctx)].map(([, entry]) => entry),
      nextUnbondingId: nextUnbondingId.get(ctx),
      voidProviders: [...voidProviders.entries(ctx)].map(([provider]) => addressText(provider)),
      voidAuditors: [...voidAuditors.entries(ctx)].map(([auditor]) => addressText(auditor)),
    }),
  };
}

function canonical(field: string, address: string): void {
  assert(addressText(addressBytes(address)) === address, `auditors.${field}: ${address}: not in lower case`);
}

function unique(field: string, names: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of names) {
    assert(!seen.has(name), `auditors.${field}: ${name} stands twice`);
    seen.add(name);
  }
}

function checkAuditor({ auditor, profile, bond }: GenesisAuditor): void {
  canonical("auditors", auditor);
  const where = `auditors.auditors: ${auditor}`;
  const fault = profileFault(profile);
  assert(fault === undefined, `${where}: ${fault ?? ""}`);
  assert(bond !== undefined, `${where}: a bond belongs to an auditor`);
  for (const amount of [bond.total, bond.unbonding]) assert((readAmount(amount) ?? -1n) >= 0n, `${where}: not an amount: ${amount.slice(0, 80)}`);
  const broken = bondFault(readBond(bond));
  assert(broken === undefined, `${where}: ${broken ?? ""}`);
}

function checkAccreditation({ auditor, keys, grantedTauMs, expiresTauMs }: Accreditation): string {
  canonical("accreditations", auditor);
  const fault = keys.length === 0 ? "keys is empty" : patternsFault(keys);
  assert(fault === undefined, `auditors.accreditations: ${auditor}: ${fault ?? ""}`);
  assert(grantedTauMs < expiresTauMs, `auditors.accreditations: ${auditor}: it expires after it was granted`);
  return auditor;
}

function checkAttestation(attestation: Attestation, known: ReadonlyMap<string, unknown>): string {
  const { provider, key, auditor, value, evidenceHash, evidenceUrl, storageDeposit, signedTauMs, expiresTauMs } = attestation;
  const name = `${provider} ${key} ${auditor}`;
  canonical("attestations", provider);
  const fault = attributeFault(key, value) ?? (evidenceUrl === "" ? undefined : urlFault("evidence_url", evidenceUrl));
  assert(fault === undefined, `auditors.attestations: ${name}: ${fault ?? ""}`);
  assert(known.has(auditor), `auditors.attestations: ${name}: no such auditor`);
  assert(evidenceHash.length === 32 && signedTauMs < expiresTauMs, `auditors.attestations: ${name}: evidence_hash is 32 bytes, and it expires after it was signed`);
  assert((readAmount(storageDeposit) ?? -1n) >= 0n, `auditors.attestations: ${name}: not an amount: ${storageDeposit.slice(0, 80)}`);
  return name;
}

/** Sections of other modules come first: the providers are known. */
function checkDeclared(ctx: Context, keeper: Keeper, { provider, key, value }: Attestation): void {
  const address = addressBytes(provider);
  if (voidProviders.has(ctx, address)) return;
  const declared = keeper.ports.providers.find(ctx, address)?.attributes.some(([one, is]) => one === key && is === value);
  assert(declared === true, `auditors.attestations: ${provider} does not declare ${key} = ${value}`);
}

function checkUnbonding(entry: Unbonding, nextId: bigint): void {
  const amount = readAmount(entry.amount);
  assert(amount !== undefined && amount > 0n, `auditors.unbondings: entry ${entry.id}: not a positive amount: ${entry.amount.slice(0, 80)}`);
  assert(entry.id > 0n && entry.id < nextId && entry.createdTauMs <= entry.dueTauMs, `auditors.unbondings: entry ${entry.id}: ids are 1 to next_unbonding_id - 1, and due is not before created`);
}
