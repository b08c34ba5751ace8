/** The jurors' module over a plain bank and a clock that tests set. */
import { addressBytes, moduleAddress } from "../../../codec/address.ts";
import type { GenesisState } from "../../../codec/gen/dcm/juror/v1/genesis.ts";
import type { JurorInfo, Params } from "../../../codec/gen/dcm/juror/v1/types.ts";
import type { Context, EmittedEvent } from "../../../runtime/context.ts";
import { execute, initGenesis, memoryStores, query, testContext, transact } from "../../../runtime/testing.ts";
import { account, authority, denom, plainBank } from "../providers/testing.ts";
import { jurorsModule } from "./module.ts";
import { defaultParams } from "./params.ts";
import type { JuryDraw } from "./ports.ts";

export { account, authority, denom };
export const rich = 1_000_000_000n;

export class JurorsWorld {
  readonly stores = memoryStores();
  readonly kit: ReturnType<typeof jurorsModule>;
  tau = 1_000_000n;

  constructor(options: { params?: Partial<Params>; genesis?: GenesisState; balances?: Readonly<Record<string, bigint>> } = {}) {
    this.kit = jurorsModule({ bank: plainBank, accounts: { moduleAccount: (_: Context, name: string) => moduleAddress(name) }, clock: { tau: () => this.tau }, authority });
    const held = options.balances ?? Object.fromEntries(Array.from({ length: 60 }, (_, i) => [account(i + 1), rich]));
    transact(this.stores, (ctx) => {
      for (const [key, amount] of Object.entries(held)) plainBank.move(ctx, key, amount);
    });
    const defaults = this.kit.module.genesis!.defaults() as GenesisState;
    initGenesis(this.stores, [this.kit.module], { jurors: options.genesis ?? { ...defaults, params: { ...defaultParams(), minBond: "1000", ...options.params } } });
  }

  ctx(): Context {
    return testContext(this.stores);
  }
  send(name: string, i: number, more: object = {}): ReturnType<typeof execute> {
    return execute(this.stores, [this.kit.module], `/dcm.juror.v1.Msg${name}`, { juror: account(i), ...more });
  }
  ask<T>(name: string, request: object = {}): T {
    return query<T>(this.stores, [this.kit.module], `/dcm.juror.v1.Query/${name}`, { pagination: undefined, activeOnly: false, ...request });
  }
  register(i: number, bond = 10_000n, more: object = {}): void {
    this.send("RegisterJuror", i, { profile: { moniker: "juror", url: "" }, bond: { denom, amount: String(bond) }, ...more });
  }
  unbond(i: number, amount: bigint): ReturnType<typeof execute> {
    return this.send("UnbondJuror", i, { amount: { denom, amount: String(amount) } });
  }
  /** Runs one block's begin hook after `ms` of protocol time; throws where an invariant is broken. */
  block(ms = 0n): readonly EmittedEvent[] {
    this.tau += ms;
    const { events } = transact(this.stores, (ctx) => this.kit.module.beginBlock!(ctx, { lastCommit: undefined, misbehavior: [] }));
    const broken = Object.values(this.kit.module.invariants!).flatMap((check) => check(this.ctx()) ?? []);
    if (broken.length > 0) throw new Error(broken.join("; "));
    return events;
  }
  draw(draw: Partial<JuryDraw>): Uint8Array[] {
    return [...transact(this.stores, (ctx) => this.kit.jurors.draw(ctx, { seed: new Uint8Array(32), subject: Uint8Array.of(1), seats: 1, picks: 20, stake: 1_000n, mayServe: () => true, ...draw })).value];
  }
  port<T>(call: (jurors: JurorsWorld["kit"]["jurors"], ctx: Context) => T): T {
    return transact(this.stores, (ctx) => call(this.kit.jurors, ctx)).value;
  }
  info(i: number): JurorInfo {
    return this.ask<{ juror: JurorInfo }>("Juror", { juror: account(i) }).juror;
  }
  balance(i: number): bigint {
    return plainBank.balance(this.ctx(), addressBytes(account(i)));
  }
  get held(): bigint {
    return plainBank.balance(this.ctx(), moduleAddress("jurors"));
  }
}
