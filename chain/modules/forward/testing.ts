/** Forwards beside a market, both with ports in memory, for tests. */
import { Side, type Order, type Params, type Position } from "../../codec/gen/dcm/forward/v1/types.ts";
import type { MsgAccept, MsgPlaceOrder, MsgPlaceOrderResponse } from "../../codec/gen/dcm/forward/v1/tx.ts";
import type { GenesisState } from "../../codec/gen/dcm/forward/v1/genesis.ts";
import type { GenesisState as MarketState } from "../../codec/gen/dcm/market/v1/genesis.ts";
import { addressText } from "../../codec/address.ts";
import { authority, denom } from "../market/testing.ts";
import { TestOrganizations } from "../market/testing-organizations.ts";
import { escrowAddress } from "./escrow.ts";
import { forwardModule } from "./module.ts";
import { defaultParams } from "./params.ts";
import type { Module } from "../../runtime/module.ts";

export { denom, fails, name, resultOf } from "../market/testing.ts";

/** Slots of a minute, in which a unit of the test's class does 600 lots; a class with fewer makes the numbers small. */
export const slotLength = 60_000n;

export class TestForward extends TestOrganizations {
  readonly forward: Module;

  constructor(params: Partial<Params> = {}, edit?: (market: MarketState) => void) {
    super({}, edit);
    const { bank, accounts, clock, beacon, providers, attestations, organizations } = this.ports;
    this.forward = forwardModule({ bank, accounts, clock, beacon, providers, attestations, organizations, deliveries: this.deliveries, authority }).module;
    const section = this.forward.genesis!.defaults() as GenesisState;
    this.join(this.forward, { ...section, params: { ...defaultParams(), slotLength, ...params } });
  }

  /** The start of the slot so many behind the present one. */
  slot(ahead = 1n): bigint {
    return (this.tau / slotLength + ahead) * slotLength;
  }

  message<T = Record<string, unknown>>(type: string, message: object): T {
    return this.send<T>(`/dcm.forward.v1.${type}`, message);
  }

  trade(owner: string, side: Side, price: bigint, units: number, more: Partial<MsgPlaceOrder> = {}): bigint {
    const message = { owner, side, classId: "wasm.core", quoteDenom: denom, slotTau: this.slot(), slots: 0, units, price, marginPrice: 0n, organization: "", costTags: [], ...more };
    return this.message<MsgPlaceOrderResponse>("MsgPlaceOrder", message).orderId;
  }

  sell(owner: string, price: bigint, units = 1, more: Partial<MsgPlaceOrder> = {}): bigint {
    return this.trade(owner, Side.SIDE_SELL, price, units, more);
  }

  buy(owner: string, price: bigint, units = 1, more: Partial<MsgPlaceOrder> = {}): bigint {
    return this.trade(owner, Side.SIDE_BUY, price, units, more);
  }

  accept(recipient: string, positionId: bigint, more: Partial<MsgAccept> = {}): void {
    this.message("MsgAccept", { recipient, positionId, organization: "", costTags: [], ...more });
  }

  inquire<T>(method: string, request: object): T {
    return this.query<T>(`/dcm.forward.v1.Query/${method}`, request);
  }

  positions(of: { holder?: string; seller?: string; organization?: string } = {}): Position[] {
    return this.inquire<{ positions: Position[] }>("Positions", { holder: "", seller: "", organization: "", ...of }).positions;
  }

  orders(owner = "", organization = ""): Order[] {
    return this.inquire<{ orders: Order[] }>("Orders", { owner, organization }).orders;
  }

  /** Blocks up to the one in which the next slot begins. */
  begin(): void {
    const start = this.slot();
    this.block(start - this.tau);
    this.block(1_000n);
  }

  /** What the module's account holds. */
  get held(): bigint {
    return this.balances.get(addressText(escrowAddress)) ?? 0n;
  }

  get balance(): (account: string) => bigint {
    return (account) => this.balances.get(account) ?? 0n;
  }

  happened(type: string): Record<string, string>[] {
    return this.events.filter((event) => event.type === `dcm.forward.v1.${type}`).map(({ attributes }) => Object.fromEntries(attributes));
  }
}
