/** The CometBFT versions that the project works with. */

export type Line = "0.38" | "0.40";

export interface Release {
  /** The pinned version: what is installed. */
  readonly version: string;
  /** Patches before this one are refused. */
  readonly oldestPatch: number;
  /** Why older patches are refused, in words for the user. */
  readonly whyOldest: string;
  /** SHA-256 of release archives that are known by themselves, by `<os>_<arch>`; others are checked against the published list. */
  readonly archives: Readonly<Record<string, string>>;
}

export const RELEASES: Readonly<Record<Line, Release>> = {
  "0.38": { version: "0.38.26", oldestPatch: 21, whyOldest: "patches before 0.38.21 can halt a network (fixed in 0.38.19 and 0.38.21)", archives: {} },
  "0.40": { version: "0.40.0", oldestPatch: 0, whyOldest: "", archives: {} },
};

export const DEFAULT_LINE: Line = "0.38";

export function isLine(text: string): text is Line {
  return Object.hasOwn(RELEASES, text);
}

/** Why a CometBFT of this version cannot serve the line, or undefined where it can. Later patches are welcome. */
export function versionFault(version: string, line: Line): string | undefined {
  const match = /^(\d+\.\d+)\.(\d+)/.exec(version);
  if (match === null) return `its version, ${version}, is not one of a release`;
  const { oldestPatch, whyOldest, version: pinned } = RELEASES[line];
  if (match[1] !== line) return `it is of line ${match[1]!}, and the network is of line ${line}: lines never mix in one network`;
  return Number(match[2]) < oldestPatch ? `it is ${version}, and ${whyOldest}: use ${pinned}` : undefined;
}
