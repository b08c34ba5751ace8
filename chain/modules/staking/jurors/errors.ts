import { defineErrors } from "../../../runtime/errors.ts";

interface What {
  readonly what: string;
}

export const errors = defineErrors("jurors", {
  exists: [2, ({ juror }: { juror: string }) => `${juror} is a juror already: use MsgEditJuror or MsgBondJuror`],
  unknown: [3, ({ juror }: { juror: string }) => `${juror} is not a juror: use MsgRegisterJuror`],
  badProfile: [4, ({ what }: What) => what],
  badAmount: [5, ({ what }: What) => what],
  wrongDenom: [6, ({ denom, bondDenom }: { denom: string; bondDenom: string }) => `bonds are in ${bondDenom}, got ${denom.slice(0, 128)}`],
  bondTooSmall: [7, ({ bond, least }: { bond: bigint; least: bigint }) => `a bond of at least ${least} must stay, this would leave ${bond}; to take out everything use MsgRetireJuror`],
  tooManyUnbondings: [8, ({ most }: { most: number }) => `${most} unbonding entries are open, and no more may be: wait for one to complete`],
  retiring: [9, ({ juror }: { juror: string }) => `${juror} retires: it can neither add nor keep bond; register anew once it has left`],
  underbonded: [10, ({ bond, least }: { bond: bigint; least: bigint }) => `a first bond of ${bond} is less than the least, ${least}`],
  notFree: [11, ({ amount, free }: { amount: bigint; free: bigint }) => `${amount} is more than the free bond ${free}: what cases lock comes free as they close`],
  full: [12, ({ most }: { most: number }) => `there are ${most} jurors, and no more may be: wait for one to leave`],
  badParams: [13, ({ what }: What) => what],
});
