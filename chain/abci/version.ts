import type { RequestInfo } from "../codec/gen/tendermint/abci/types.ts";

/** The major ABCI version that the server speaks. `version` is no guide: builds misreport it. */
const MAJOR = 2;

/** Throws where the caller of Info does not speak ABCI 2: its answers would be misread, so the node must not start. */
export function requireAbciVersion({ abciVersion, version }: RequestInfo): void {
  const match = /^(\d+)\.\d+\.\d+/.exec(abciVersion);
  if (match !== null && Number(match[1]) === MAJOR) return;
  throw new RangeError(
    `this application speaks ABCI ${MAJOR}, but the node${version === "" ? "" : ` (CometBFT ${version.slice(0, 40)})`} offers ` +
      `${abciVersion === "" ? "no ABCI version" : `ABCI ${abciVersion.slice(0, 40)}`}: use CometBFT 0.38.26 or 0.40.0`,
  );
}
