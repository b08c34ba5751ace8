/** What organizations' policies look at in a provider. */
import type { Context } from "../../runtime/context.ts";
import type { ProviderFacts } from "../organization/ports.ts";
import type { ProviderView } from "../staking/providers/ports.ts";
import type { AttestationsPort } from "../staking/auditors/ports.ts";
import type { ClockPort } from "../clock/ports.ts";

export interface FactsPorts {
  readonly clock: ClockPort;
  readonly attestations: Pick<AttestationsPort, "attested">;
}

export function factsOf(ctx: Context, ports: FactsPorts, { address, attributes }: Pick<ProviderView, "address" | "attributes">): ProviderFacts {
  return { address, attributes, attested: (key, value, auditors) => ports.attestations.attested(ctx, address, key, value, ports.clock.tau(ctx), auditors) };
}

/** Where the provider says that it is; empty where it does not say. */
export function jurisdictionOf(view: Pick<ProviderView, "attributes"> | undefined): string {
  return view?.attributes.find(([key]) => key === "jurisdiction")?.[1] ?? "";
}
