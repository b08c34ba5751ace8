/** What was ordered from this machine on the profile's chain, for shells that complete: no node is asked, and nothing is wrong. */
import type { Io } from "./io.ts";
import { findProfile } from "./profiles.ts";
import { Runs } from "./runs.ts";

/** More are not worth a look through their folders at a keystroke. */
const most = 50;

export function orderedHere(io: Io, kind: "job" | "service"): string[] {
  try {
    const profile = findProfile(io, undefined);
    return profile === undefined ? [] : new Runs(io, profile.chainId).ids(kind).slice(0, most);
  } catch {
    return [];
  }
}
