import { defineErrors } from "../../../runtime/errors.ts";

interface What {
  readonly what: string;
}

export const errors = defineErrors("auditors", {
  exists: [2, ({ auditor }: { auditor: string }) => `${auditor} is an auditor already: use MsgEditAuditor or MsgBondAuditor`],
  unknown: [3, ({ auditor }: { auditor: string }) => `${auditor} is not an auditor: use MsgRegisterAuditor`],
  badProfile: [4, ({ what }: What) => what],
  badAmount: [5, ({ what }: What) => what],
  wrongDenom: [6, ({ denom, bondDenom }: { denom: string; bondDenom: string }) => `bonds are in ${bondDenom}, got ${denom.slice(0, 128)}`],
  bondTooSmall: [7, ({ bond, least }: { bond: bigint; least: bigint }) => `a bond of at least ${least} must stay, this would leave ${bond}; to take out everything use MsgRetireAuditor`],
  tooManyUnbondings: [8, ({ most }: { most: number }) => `${most} unbonding entries are open, and no more may be: wait for one to complete`],
  retiring: [9, ({ auditor }: { auditor: string }) => `${auditor} retires: it can neither sign, nor add or keep bond; register anew once it has left`],
  underbonded: [10, ({ bond, least }: { bond: bigint; least: bigint }) => `the bond that stays is ${bond}, the least is ${least}: add to it with MsgBondAuditor`],
  unaccredited: [11, ({ auditor }: { auditor: string }) => `${auditor} is not accredited now: governance accredits auditors with MsgSetAccreditation`],
  uncovered: [12, ({ auditor, key }: { auditor: string; key: string }) => `the accreditation of ${auditor} does not cover the attribute ${key}`],
  unknownProvider: [13, ({ provider }: { provider: string }) => `${provider} is not a provider`],
  notDeclared: [14, ({ provider, key }: { provider: string; key: string }) => `${provider} declares no attribute ${key}`],
  otherValue: [15, ({ key, value, declared }: { key: string; value: string; declared: string }) => `the provider declares ${key} = ${declared}, not ${value}`],
  badExpiry: [16, ({ expires, tau, longest }: { expires: bigint; tau: bigint; longest: bigint }) => `expires_tau_ms is ${expires}; it must be after the present tau ${tau} and at most ${longest} ms later`],
  full: [17, ({ key, most }: { key: string; most: number }) => `${most} other auditors attest ${key} of this provider, and no more may: wait for one to expire`],
  ownAttribute: [18, () => "the provider is the auditor itself: nobody attests its own attributes"],
  voiding: [19, ({ whose }: { whose: string }) => `old attestations of ${whose} are void and on their way out: try again in a few blocks`],
  noAttestation: [20, ({ key, auditor }: { key: string; auditor: string }) => `there is no attestation of ${key} by ${auditor} for this provider`],
  notYours: [21, ({ sender, auditor }: { sender: string; auditor: string }) => `an attestation is revoked by its auditor ${auditor} or by governance, not by ${sender}`],
  badAccreditation: [22, ({ what }: What) => what],
  noAccreditation: [23, ({ auditor }: { auditor: string }) => `${auditor} has no accreditation to withdraw`],
  tooManyAccreditations: [24, ({ most }: { most: number }) => `${most} accounts are accredited, and no more may be: withdraw one first`],
  badSlash: [25, ({ what }: What) => what],
  badEvidence: [26, ({ what }: What) => what],
  badAttribute: [27, ({ what }: What) => what],
  badReason: [28, ({ what }: What) => what],
  badParams: [29, ({ what }: What) => what],
});
