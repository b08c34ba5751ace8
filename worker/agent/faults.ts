/** Misbehaviour to order: a provider that lies, falls silent or is slow. Localnets and tests ask for it; nothing else does. */
export interface Faults {
  /** Changes the result before it is committed. */
  readonly tamper?: (result: Uint8Array) => Uint8Array;
  /** Ends refereed runs with another output than their program's. */
  readonly lie?: boolean;
  readonly silentAfterCommit?: boolean;
  /** Waits so long before each run. */
  readonly delayMs?: number;
}

export const faultKinds = ["lie", "silent", "slow"] as const;
export type FaultKind = (typeof faultKinds)[number];

export function faultsOf(kind: FaultKind): Faults {
  switch (kind) {
    case "lie":
      return { tamper: flipLastBit, lie: true };
    case "silent":
      return { silentAfterCommit: true };
    case "slow":
      return { delayMs: 5_000 };
  }
}

function flipLastBit(result: Uint8Array): Uint8Array {
  const changed = result.slice();
  changed[changed.length - 1]! ^= 1;
  return changed;
}
