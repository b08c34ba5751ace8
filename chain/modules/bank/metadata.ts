/** The rules of denom metadata, in the SDK's words. */
import { isDenom } from "../../runtime/coins.ts";
import type { DenomUnit, Metadata } from "../../codec/gen/cosmos/bank/v1beta1/bank.ts";

export function metadataFault(entry: Metadata): string | undefined {
  if (entry.name.trim() === "") return "name field cannot be blank";
  if (entry.symbol.trim() === "") return "symbol field cannot be blank";
  if (!isDenom(entry.base)) return `invalid metadata base denom: invalid denom: ${entry.base}`;
  if (!isDenom(entry.display)) return `invalid metadata display denom: invalid denom: ${entry.display}`;
  const seen = new Set<string>();
  let last = 0;
  for (const [i, unit] of entry.denomUnits.entries()) {
    if (i === 0) {
      if (unit.denom !== entry.base) return `metadata's first denomination unit must be the one with base denom '${entry.base}'`;
      if (unit.exponent !== 0) return `the exponent for base denomination unit ${entry.base} must be 0`;
    } else if (last >= unit.exponent) return "denom units should be sorted asc by exponent";
    last = unit.exponent;
    if (seen.has(unit.denom)) return `duplicate denomination unit ${unit.denom}`;
    seen.add(unit.denom);
    const fault = unitFault(unit);
    if (fault !== undefined) return fault;
  }
  return seen.has(entry.display) ? undefined : `metadata must contain a denomination unit with display denom '${entry.display}'`;
}

function unitFault({ denom, aliases }: DenomUnit): string | undefined {
  if (!isDenom(denom)) return `invalid denom unit: invalid denom: ${denom}`;
  const seen = new Set<string>();
  for (const alias of aliases) {
    if (seen.has(alias)) return `duplicate denomination unit alias ${alias}`;
    if (alias.trim() === "") return `alias for denom unit ${denom} cannot be blank`;
    seen.add(alias);
  }
  return undefined;
}
