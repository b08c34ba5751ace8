/** What organizations allow: of their members' bids, and of who serves them. Asked again whenever a bid may be served, so a change counts at once. */
import type { Bid } from "../../codec/gen/dcm/market/v1/types.ts";
import { addressBytes } from "../../codec/address.ts";
import { loadJob } from "./bids.ts";
import { factsOf, type FactsPorts } from "./mandates.ts";
import type { Context } from "../../runtime/context.ts";
import type { MandatesPort, ProviderFacts, Work } from "../organization/ports.ts";
import type { ProvidersPort } from "../staking/providers/ports.ts";
import type { AskOrder, Guard } from "./matching.ts";

/** Attestations that are read for policies: in one batch, in one draw, for a block's bids on reserved asks, for a block's draws of probers. */
const maxReads = 5_000;

export interface MandatePorts extends FactsPorts {
  readonly providers: Pick<ProvidersPort, "find">;
  readonly organizations: Pick<MandatesPort, "admission" | "barred">;
}

export type ProviderGuard = Guard & { admits(ask: Pick<AskOrder, "owner">): boolean | undefined };

/** Answers as they are at this moment of the block, each found out once: by organization and provider, by organization and member. */
export class Mandates {
  readonly #ctx: Context;
  readonly #ports: MandatePorts;
  readonly #guards = new Map<string, ProviderGuard | undefined>();
  readonly #barred = new Map<string, boolean>();
  #reads = 0;

  constructor(ctx: Context, ports: MandatePorts) {
    this.#ctx = ctx;
    this.#ports = ports;
  }

  /** Attestations read. */
  get reads(): number {
    return this.#reads;
  }

  /** Nothing more is read: what is not known stays unknown. */
  get exhausted(): boolean {
    return this.#reads >= maxReads;
  }

  /** Who may serve the organization; undefined: anybody. */
  guardOf(organization: string): ProviderGuard | undefined {
    if (organization === "") return undefined;
    if (!this.#guards.has(organization)) this.#guards.set(organization, this.#makeGuard(organization));
    return this.#guards.get(organization);
  }

  #makeGuard(organization: string): ProviderGuard | undefined {
    const rule = this.#ports.organizations.admission(this.#ctx, organization);
    if (rule === undefined) return undefined;
    const known = new Map<string, boolean>();
    return {
      admits: ({ owner }) => {
        const before = known.get(owner);
        if (before !== undefined) return before;
        const admitted = this.#admitted(rule, owner);
        if (admitted !== undefined) known.set(owner, admitted);
        return admitted;
      },
    };
  }

  #admitted(rule: (provider: ProviderFacts) => string | undefined, provider: string): boolean | undefined {
    const address = addressBytes(provider);
    const facts = factsOf(this.#ctx, this.#ports, { address, attributes: this.#ports.providers.find(this.#ctx, address)?.attributes ?? [] });
    let unread = false;
    const broken = rule({
      ...facts,
      attested: (key, value, auditors) => {
        unread ||= this.exhausted;
        if (unread) return false;
        this.#reads++;
        return facts.attested(key, value, auditors);
      },
    });
    return unread ? undefined : broken === undefined;
  }

  /** Whether the bid's organization does not allow it any more: its consumer may not spend, or not on this. */
  bars(bid: Pick<Bid, "id" | "service" | "consumer" | "organization" | "classId">): boolean {
    if (bid.organization === "") return false;
    const { classId } = bid;
    return this.barsWork(bid.organization, bid.consumer, bid.service ? { classId } : { classId, verification: loadJob(this.#ctx, bid.id).verification });
  }

  /** Whether the account may not, or no longer, buy this with the organization's money. */
  barsWork(organization: string, account: string, work: Work): boolean {
    const name = [organization, account, work.classId, work.verification].join(" ");
    let barred = this.#barred.get(name);
    if (barred === undefined) this.#barred.set(name, (barred = this.#ports.organizations.barred(this.#ctx, organization, account, work) !== undefined));
    return barred;
  }
}
