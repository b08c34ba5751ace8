/** At which levels of verification an ask serves. */
import { VerificationLevel, type Ask } from "../../codec/gen/dcm/market/v1/types.ts";
import { fail } from "../../runtime/errors.ts";
import { errors } from "./errors.ts";
import { levelName } from "./events.ts";

const { VERIFICATION_LEVEL_V0_NONE: V0, VERIFICATION_LEVEL_V1_SPOT_CHECK: V1, VERIFICATION_LEVEL_V2_REPLICATED: V2, VERIFICATION_LEVEL_V3_REFEREED: V3 } = VerificationLevel;

/** The rungs of the ladder that jobs may stand on. */
export const served: readonly VerificationLevel[] = [V0, V1, V2, V3];

/** A level as one bit of a set. */
export const levelBit = (level: VerificationLevel): number => 1 << level;

/** As a set; of an ask that names none, all. */
export const levelsOf = ({ levels }: Pick<Ask, "levels">): number => (levels.length === 0 ? -1 : levels.reduce<number>((set, level) => set | levelBit(level), 0));

export const serves = (ask: Pick<Ask, "levels">, level: VerificationLevel): boolean => (levelsOf(ask) & levelBit(level)) !== 0;

/** Fails where one is not served, or where they do not rise. */
export function checkLevels(levels: readonly VerificationLevel[]): void {
  for (const [i, level] of levels.entries()) {
    if (!served.includes(level)) fail(errors.notServed, { field: "levels", value: levelName(level) });
    if (i > 0 && levels[i - 1]! >= level) fail(errors.invalidField, { field: "levels", value: levels.map(levelName).join(), limit: "rising, each once" });
  }
}
