/** Which asks of a book can serve a job, which rule stands against the others, and what the batch would make of it. Pure. */
import { Term, VerificationLevel, type Ask, type Attribute } from "../chain/codec/gen/dcm/market/v1/types.ts";
import type { Policy } from "../chain/codec/gen/dcm/organization/v1/types.ts";
import { profileContent, type Wishes } from "../client/profiles.ts";
import { levels, verifications } from "../worker/gateway/bid.ts";

/** An ask and what the chain knows of who made it. */
export interface Offer {
  readonly ask: Pick<Ask, "id" | "provider" | "organization" | "basePrice" | "premiums" | "freeUnits" | "bondPerUnit" | "availableUntil" | "waiting" | "term" | "levels">;
  readonly name: string;
  /** Why it may not be matched now; empty: it may. */
  readonly inactive: string;
  readonly attributes: readonly Attribute[];
  /** Bond that is free, in the bond denom. */
  readonly free: bigint;
  /** What is attested of it and counts, and by whom. */
  readonly attested: readonly (Attribute & { readonly auditor: string })[];
}

/** What a job wants. */
export interface Demand {
  readonly consumer: string;
  readonly tasks: number;
  /** Providers of each task. */
  readonly replicas: number;
  readonly lots: bigint;
  readonly durationMs: bigint;
  /** For one lot; undefined: any price. */
  readonly limit: bigint | undefined;
  readonly wishes: Wishes;
  readonly verification: VerificationLevel;
  /** Of the organization that pays. */
  readonly policy: Policy | undefined;
  /** Providers that the consumer does not trade with: itself and members of its organizations, and the names of those. */
  readonly affiliates: { readonly accounts: ReadonlySet<string>; readonly organizations: ReadonlySet<string> };
  readonly tau: bigint;
  /** Bond that one replica locks at so much for a lot. */
  readonly stake: (price: bigint) => bigint;
}

/** One reason for which an ask does not serve. `relax`: what to change so that it would not count; empty where that is not the consumer's to change. */
export interface Rule {
  readonly words: string;
  readonly relax: string;
}

export interface Looked {
  readonly offer: Offer;
  /** For one lot, with the premiums that the job takes. */
  readonly price: bigint;
  /** None: it serves. */
  readonly against: readonly Rule[];
}

const same = (a: Attribute, b: Attribute): boolean => a.key === b.key && a.value === b.value;
const shown = ({ key, value }: Attribute): string => `${key}=${value}`;

/** Each ask with its price for this job and all that stands against it. */
export function look(offers: readonly Offer[], demand: Demand): Looked[] {
  const { requirements, preferences } = profileContent(demand.wishes);
  return offers.map((offer) => {
    const { ask } = offer;
    const premium = (attribute: Attribute): bigint | undefined => ask.premiums.find((one) => same(one.attribute!, attribute))?.price;
    const liked = preferences.map(({ attribute, worth }) => ({ price: premium(attribute!), worth })).filter(({ price, worth }) => price !== undefined && price <= worth);
    const price = ask.basePrice + [...requirements.map(({ attribute }) => premium(attribute!)), ...liked.map((one) => one.price)].reduce<bigint>((sum, one) => sum + (one ?? 0n), 0n);
    const fixed = (words: string): Rule => ({ words, relax: "" });
    const against: Rule[] = [
      ...(offer.inactive === "" ? [] : [fixed(`its provider is ${offer.inactive}`)]),
      ...(demand.affiliates.accounts.has(ask.provider) || (ask.organization !== "" && demand.affiliates.organizations.has(ask.organization)) ? [fixed("its provider is you, or of your organization")] : []),
      ...(ask.term === Term.TERM_PREEMPTIBLE ? [fixed("it is preemptible, jobs are not")] : []),
      ...(ask.levels.length === 0 || ask.levels.includes(demand.verification) ? [] : [fixed(`does not serve ${verifications.find((one) => levels[one] === demand.verification) ?? "its level"}`)]),
      ...(ask.waiting ? [fixed("its window has not begun")] : []),
      ...(ask.availableUntil !== 0n && ask.availableUntil < demand.tau + demand.durationMs ? [{ words: "its window ends too soon", relax: "a shorter durationMs" }] : []),
      ...requirements.flatMap(({ attribute, attested, auditors }): Rule[] => {
        const wanted = shown(attribute!);
        if (premium(attribute!) === undefined) return [{ words: `does not offer ${wanted}`, relax: `requires without ${attribute!.key}` }];
        const vouched = !attested || offer.attested.some((one) => same(one, attribute!) && (auditors.length === 0 || auditors.includes(one.auditor)));
        return vouched ? [] : [{ words: `${wanted} is not attested`, relax: `${attribute!.key} without attestedBy` }];
      }),
      ...policyRules(demand.policy, offer).map(fixed),
      ...(demand.stake(price) > offer.free + ask.bondPerUnit ? [{ words: "its provider's free bond is too small for the stake of one task", relax: "fewer lots for a task" }] : []),
      ...(demand.limit !== undefined && price > demand.limit ? [{ words: "asks more than the limit", relax: `--limit ${price}` }] : []),
    ];
    return { offer, price, against };
  });
}

/** What an organization's policy has against a provider: the first rule, as the chain would say it. */
export function policyRules(policy: Policy | undefined, { ask, attributes, attested }: Offer): string[] {
  if (policy === undefined) return [];
  const declared = (key: string): string | undefined => attributes.find((one) => one.key === key)?.value;
  const vouched = (attribute: Attribute, auditors: readonly string[]): boolean => attested.some((one) => same(one, attribute) && (auditors.length === 0 || auditors.includes(one.auditor)));
  const said = (words: string): string[] => [`the organization's policy: ${words}`];
  if (policy.deniedProviders.includes(ask.provider)) return said("this provider is denied");
  if (policy.allowedProviders.length > 0 && !policy.allowedProviders.includes(ask.provider)) return said("this provider is not among those allowed");
  const where = declared("jurisdiction");
  const asked = policy.allowedJurisdictions.length + policy.deniedJurisdictions.length > 0;
  if (asked) {
    if (where === undefined) return said("it declares no jurisdiction");
    if (policy.deniedJurisdictions.includes(where)) return said(`jurisdiction ${where} is denied`);
    if (policy.allowedJurisdictions.length > 0 && !policy.allowedJurisdictions.includes(where)) return said(`jurisdiction ${where} is not among those allowed`);
  }
  for (const { attribute } of policy.rules) if (declared(attribute!.key) !== attribute!.value) return said(`asks for ${shown(attribute!)}`);
  if (asked && policy.attestedJurisdiction && !vouched({ key: "jurisdiction", value: where! }, policy.jurisdictionAuditors)) return said(`jurisdiction ${where} is not attested`);
  for (const { attribute, attested: needed, auditors } of policy.rules) if (needed && !vouched(attribute!, auditors)) return said(`${shown(attribute!)} is not attested`);
  return [];
}

export interface Fill {
  /** Tasks that begin at once; the others as units come back. */
  readonly tasks: number;
  /** Of the dearest unit that is taken: all are paid alike. 0: nothing begins. */
  readonly price: bigint;
}

/** What a batch would give to the job alone: for each task the cheapest units of as many providers of different organizations as it has replicas. */
export function fill(serving: readonly Looked[], { tasks, replicas }: Pick<Demand, "tasks" | "replicas">): Fill {
  const units = [...serving].sort((a, b) => (a.price < b.price ? -1 : a.price > b.price ? 1 : a.offer.ask.id < b.offer.ask.id ? -1 : 1)).map((one) => ({ ...one, left: one.offer.ask.freeUnits }));
  let price = 0n;
  for (let task = 0; task < tasks; task++) {
    const seats: typeof units = [];
    for (const one of units) {
      if (seats.length === replicas) break;
      const { provider, organization } = one.offer.ask;
      if (one.left > 0 && !seats.some(({ offer: { ask } }) => ask.provider === provider || (organization !== "" && ask.organization === organization))) seats.push(one);
    }
    if (seats.length < replicas) return { tasks: task, price };
    for (const seat of seats) {
      seat.left--;
      if (seat.price > price) price = seat.price;
    }
  }
  return { tasks, price };
}

/** How many asks each rule keeps out; one that several rules keep out counts for each. Most first. */
export function exclusions(looked: readonly Looked[]): { readonly rule: string; readonly asks: number }[] {
  const counts = new Map<string, number>();
  for (const { against } of looked) for (const { words } of against) counts.set(words, (counts.get(words) ?? 0) + 1);
  return [...counts].map(([rule, asks]) => ({ rule, asks })).sort((a, b) => b.asks - a.asks || (a.rule < b.rule ? -1 : 1));
}

export interface Relaxation {
  /** What to change. */
  readonly change: string;
  readonly fill: Fill;
}

/** Of the single changes that let the job begin, or more of it, the one at the lowest price. Undefined where none does. */
export function cheapestRelaxation(looked: readonly Looked[], demand: Pick<Demand, "tasks" | "replicas">): Relaxation | undefined {
  const now = fill(looked.filter(({ against }) => against.length === 0), demand);
  const limits = looked.flatMap(({ price, against }) => (against.some(({ relax }) => relax.startsWith("--limit ")) ? [price] : []));
  const raised = [...new Set(limits)].map((limit) => ({ change: `--limit ${limit}`, serving: looked.filter(({ price, against }) => against.every(({ relax }) => relax.startsWith("--limit ") && price <= limit)) }));
  const dropped = [...new Set(looked.flatMap(({ against }) => against.map(({ relax }) => relax)))].filter((relax) => relax !== "" && !relax.startsWith("--limit ")).map((change) => ({ change, serving: looked.filter(({ against }) => against.every(({ relax }) => relax === change)) }));
  const better = [...raised, ...dropped].map(({ change, serving }): Relaxation => ({ change, fill: fill(serving, demand) })).filter((one) => one.fill.tasks > now.tasks);
  return better.sort((a, b) => (a.fill.price < b.fill.price ? -1 : a.fill.price > b.fill.price ? 1 : b.fill.tasks - a.fill.tasks))[0];
}

/** A limit that the book serves with room for what may come: a quarter above the price of the batch, and of two more providers for an audit or a tie-break where there are some; a multiple of the tick. Undefined where nobody offers. */
export function limitFrom(serving: readonly Looked[], demand: Pick<Demand, "tasks" | "replicas" | "verification">, tick: bigint): bigint | undefined {
  const more = demand.verification === VerificationLevel.VERIFICATION_LEVEL_V0_NONE ? [] : [demand.replicas + 2, demand.replicas + 1];
  const prices = [fill(serving, demand).price, ...more.map((replicas) => fill(serving, { tasks: 1, replicas })).filter(({ tasks }) => tasks > 0).map(({ price }) => price)];
  const price = prices.reduce((dearest, one) => (one > dearest ? one : dearest), 0n);
  const limit = price + (price + 3n) / 4n;
  return price === 0n ? undefined : ((limit + tick - 1n) / tick) * tick;
}
