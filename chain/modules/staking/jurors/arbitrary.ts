/** What several generators of simulations share. */
import type { Profile } from "../../../codec/gen/dcm/juror/v1/types.ts";
import { addressBytes } from "../../../codec/address.ts";
import type { Random, World } from "../../../runtime/module.ts";
import { profiles } from "./state.ts";

/** Valid, but for a few. */
export function arbitraryProfile(random: Random): Profile {
  return { moniker: random.chance(95) ? `juror ${random.int(1000)}` : " ", url: random.pick(["", "https://juror.example/about"]) };
}

/** One of the accounts of a simulation that is a juror; sometimes one that is not. */
export function arbitraryJuror({ ctx, accounts, random }: World): string | undefined {
  if (accounts.length === 0) return undefined;
  const jurors = accounts.filter((account) => profiles.has(ctx, addressBytes(account)));
  return random.chance(5) || jurors.length === 0 ? random.pick(accounts) : random.pick(jurors);
}
