/**
 * The upgrades that this build can do: every one that its chain ever did, and at most one that is still to come. An upgrade with work
 * beyond the modules' migrations has a file of its own beside this one.
 */
import type { Upgrade } from "../modules/upgrade/ports.ts";

export const upgrades: readonly Upgrade[] = [];
