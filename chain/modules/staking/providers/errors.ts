import { defineErrors } from "../../../runtime/errors.ts";

export const errors = defineErrors("providers", {
  exists: [2, ({ operator }: { operator: string }) => `${operator} is a provider already: use MsgEditProvider or MsgBond`],
  unknown: [3, ({ operator }: { operator: string }) => `${operator} is not a provider: use MsgRegisterProvider`],
  badProfile: [4, ({ what }: { what: string }) => what],
  badAmount: [5, ({ what }: { what: string }) => what],
  wrongDenom: [6, ({ denom, bondDenom }: { denom: string; bondDenom: string }) => `bonds are in ${bondDenom}, got ${denom.slice(0, 128)}`],
  bondTooSmall: [7, ({ bond, least }: { bond: bigint; least: bigint }) => `a bond of at least ${least} must stay, this would leave ${bond}; to take out everything use MsgRetireProvider`],
  notFree: [8, ({ amount, free }: { amount: bigint; free: bigint }) => `only free bond can be taken out: ${amount} is more than the ${free} that no ask, task or unbonding holds`],
  tooManyUnbondings: [9, ({ most }: { most: number }) => `${most} unbonding entries are open, and no more may be: wait for one to complete or cancel one`],
  noUnbonding: [10, ({ id }: { id: bigint }) => `there is no open unbonding entry ${id} of this provider`],
  notJailed: [11, () => "the provider is not in jail"],
  stillJailed: [12, ({ until, tau }: { until: bigint; tau: bigint }) => `jail lasts until protocol time ${until} ms, it is ${tau} ms: try again in ${until - tau} ms`],
  retiring: [13, () => "the provider retires: it can neither add nor keep bond; register anew once it has left"],
  badParams: [14, ({ what }: { what: string }) => what],
  underbonded: [15, ({ bond, least }: { bond: bigint; least: bigint }) => `the bond is ${bond}, the least is ${least}: add to it with MsgBond first`],
  notAffiliated: [16, ({ what }: { what: string }) => `organization: ${what}`],
});
