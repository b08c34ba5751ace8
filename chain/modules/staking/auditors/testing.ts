/** The auditors' module with the real providers, over a plain bank and a clock that tests set. */
import { toHex } from "../../../codec/bytes.ts";
import { addressBytes, addressText, moduleAddress } from "../../../codec/address.ts";
import type { GenesisState } from "../../../codec/gen/dcm/auditor/v1/genesis.ts";
import type { Params } from "../../../codec/gen/dcm/auditor/v1/types.ts";
import type { GenesisState as ProvidersGenesis } from "../../../codec/gen/dcm/staking/v1/genesis.ts";
import type { Context, EmittedEvent } from "../../../runtime/context.ts";
import { execute, initGenesis, memoryStores, query, testContext, transact } from "../../../runtime/testing.ts";
import { providersModule } from "../providers/module.ts";
import { account, anyAffiliation, authority, denom, plainBank, profileOf } from "../providers/testing.ts";
import { auditorsModule } from "./module.ts";
import { defaultParams } from "./params.ts";

export const day = 86_400_000n;
export const coin = (amount: bigint | string, of = denom): { denom: string; amount: string } => ({ denom: of, amount: String(amount) });
/** Attributes in a provider's form. */
export const attributesOf = (declared: Readonly<Record<string, string>>): { key: string; value: string }[] => Object.entries(declared).map(([key, value]) => ({ key, value })).sort((a, b) => (a.key < b.key ? -1 : 1));

type Sent = ReturnType<typeof execute>;

export interface AuditorsGenesis {
  readonly auditors: GenesisState;
  readonly providers: ProvidersGenesis;
}

export class AuditorsWorld {
  readonly stores = memoryStores();
  readonly kit: ReturnType<typeof auditorsModule>;
  readonly providers: ReturnType<typeof providersModule>;
  tau = 1_000_000n;

  constructor(options: { params?: Partial<Params>; genesis?: AuditorsGenesis; balances?: Readonly<Record<string, bigint>> } = {}) {
    const shared = { bank: plainBank, accounts: { moduleAccount: (_: Context, name: string) => moduleAddress(name) }, clock: { tau: () => this.tau }, affiliations: anyAffiliation, authority };
    this.providers = providersModule(shared);
    this.kit = auditorsModule({ ...shared, providers: this.providers.providers });
    const held = options.balances ?? Object.fromEntries(Array.from({ length: 30 }, (_, i) => [account(i + 1), 1_000_000_000n]));
    transact(this.stores, (ctx) => {
      for (const [key, amount] of Object.entries(held)) plainBank.move(ctx, key, amount);
    });
    const defaults = this.kit.module.genesis!.defaults() as GenesisState;
    initGenesis(this.stores, [this.providers.module, this.kit.module], { ...(options.genesis ?? { auditors: { ...defaults, params: { ...defaultParams(), ...options.params } } }) });
  }

  ctx(): Context {
    return testContext(this.stores);
  }
  /** Everything that is stored, as text: equal texts are equal states. */
  dump(): string {
    return ["auditors", "providers", "testbank"].flatMap((name) => Array.from(this.stores.store(name).iterate(), ([key, value]) => `${name} ${toHex(key)} ${toHex(value)}`)).join("\n");
  }
  send(name: string, message: object): Sent {
    return execute(this.stores, [this.kit.module], `/dcm.auditor.v1.Msg${name}`, message);
  }
  sendAsProvider(name: string, message: object): Sent {
    return execute(this.stores, [this.providers.module], `/dcm.staking.v1.Msg${name}`, message);
  }
  ask<T>(name: string, request: object = {}): T {
    return query<T>(this.stores, [this.kit.module], `/dcm.auditor.v1.Query/${name}`, { pagination: undefined, attributeKey: "", activeOnly: false, provider: "", auditor: "", key: "", validOnly: false, ...request });
  }

  provider(i: number, declared: Readonly<Record<string, string>> = { jurisdiction: "CH", zone: "a" }): Sent {
    return this.sendAsProvider("RegisterProvider", { operator: account(i), profile: profileOf({ attributes: attributesOf(declared) }), bond: coin(5_000_000n) });
  }
  edit(i: number, declared: Readonly<Record<string, string>>): Sent {
    return this.sendAsProvider("EditProvider", { operator: account(i), profile: profileOf({ attributes: attributesOf(declared) }) });
  }
  register(i: number, bond = 10_000_000n): Sent {
    return this.send("RegisterAuditor", { auditor: account(i), profile: { moniker: "argus", url: "" }, bond: coin(bond) });
  }
  accredit(i: number, keys: readonly string[] = ["*"], ms = 700n * day): Sent {
    return this.send("SetAccreditation", { authority, auditor: account(i), keys, expiresTauMs: keys.length === 0 ? 0n : this.tau + ms });
  }
  /** An auditor that may attest everything. */
  auditor(i: number, bond = 10_000_000n): void {
    this.register(i, bond);
    this.accredit(i);
  }
  attestation(by: number, of: number, key = "zone", change: object = {}): object {
    return { auditor: account(by), provider: account(of), key, value: "a", expiresTauMs: this.tau + 100n * day, evidenceHash: new Uint8Array(32).fill(7), evidenceUrl: "", ...change };
  }
  attest(by: number, of: number, key = "zone", change: object = {}): Sent {
    return this.send("Attest", this.attestation(by, of, key, change));
  }
  revoke(sender: string, by: number, of: number, key = "zone"): Sent {
    return this.send("RevokeAttestation", { sender, auditor: account(by), provider: account(of), key, reason: "" });
  }
  attested(of: number, key = "zone", value = "a", auditors?: readonly number[]): boolean {
    return this.kit.attestations.attested(this.ctx(), addressBytes(account(of)), key, value, this.tau, auditors?.map((i) => addressBytes(account(i))));
  }
  until(of: number, key = "zone", value = "a", auditors?: readonly number[]): bigint {
    return this.kit.attestations.attestedUntil(this.ctx(), addressBytes(account(of)), key, value, this.tau, auditors?.map((i) => addressBytes(account(i))));
  }

  /** Runs one block's begin hooks after `ms` of protocol time; gives the events of this module. */
  block(ms = 0n): readonly EmittedEvent[] {
    this.tau += ms;
    const { events } = transact(this.stores, (ctx) => {
      for (const module of [this.providers.module, this.kit.module]) module.beginBlock!(ctx, { lastCommit: undefined, misbehavior: [] });
    });
    return events.filter(({ type }) => type.startsWith("dcm.auditor."));
  }
  balance(i: number): bigint {
    return plainBank.balance(this.ctx(), addressBytes(account(i)));
  }
  get held(): bigint {
    return plainBank.balance(this.ctx(), moduleAddress("auditors"));
  }
  get burned(): bigint {
    return plainBank.burned(this.ctx());
  }
  export(): AuditorsGenesis {
    const ctx = this.ctx();
    return { auditors: this.kit.module.genesis!.export(ctx) as GenesisState, providers: this.providers.module.genesis!.export(ctx) as ProvidersGenesis };
  }
  /** What is broken, plus: the account holds exactly bonds and deposits. */
  broken(): string[] {
    const ctx = this.ctx();
    const out = [this.providers.module, this.kit.module].flatMap(({ invariants }) => Object.values(invariants!).flatMap((check) => check(ctx) ?? []));
    const { auditors, attestations } = this.export().auditors;
    const owed = [...auditors.map(({ bond }) => bond!.total), ...attestations.map(({ storageDeposit }) => storageDeposit)].reduce((sum, one) => sum + BigInt(one), 0n);
    return owed === this.held ? out : [...out, `bonds and deposits are ${owed}, the account holds ${this.held}`];
  }
}

/** Each event of this module as its name and the values of these attributes. */
export function eventTexts(events: readonly EmittedEvent[], ...attributes: readonly string[]): string[] {
  return events.filter(({ type }) => type.startsWith("dcm.auditor.")).map(({ type, attributes: all }) => [type.replace("dcm.auditor.v1.Event", ""), ...attributes.map((name) => all.find(([key]) => key === name)?.[1] ?? "-")].join(" "));
}

export { account, addressText, authority, denom };
