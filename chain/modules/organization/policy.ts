/** Policies: their form, and what they say of work and providers. Pure. */
import type { Policy, Rule } from "../../codec/gen/dcm/organization/v1/types.ts";
import { VerificationLevel } from "../../codec/gen/dcm/market/v1/types.ts";
import { addressBytes, addressText } from "../../codec/address.ts";
import { readAddress } from "../../runtime/addresses.ts";
import { fail } from "../../runtime/errors.ts";
import { enumName } from "./enums.ts";
import { errors } from "./errors.ts";
import type { ProviderFacts, Work } from "./ports.ts";

export const policyLimits = { list: 64, rules: 16, auditors: 8 } as const;
/** The attribute that names where a provider is. */
export const jurisdictionKey = "jurisdiction";

const attributeKey = /^[a-z][a-z0-9._/-]{0,31}$/;
const attributeValue = /^[\x21-\x7e](?:[\x20-\x7e]{0,62}[\x21-\x7e])?$/;
const classPattern = /^[a-z][a-z0-9]*(?:\.[a-z0-9]+)*$/;

function invalid(field: string, value: string | number, limit: string): never {
  fail(errors.invalidField, { field, value, limit });
}

function sorted(field: string, list: readonly string[], most: number): void {
  if (list.length > most) invalid(field, `${list.length} entries`, `at most ${most}`);
  for (let i = 1; i < list.length; i++) if (list[i - 1]! >= list[i]!) invalid(field, `${list[i - 1]!}, ${list[i]!}`, "sorted, without repeats");
}

function addresses(field: string, list: readonly string[], most: number): void {
  for (const one of list) if (addressText(readAddress(one, `invalid ${field} address`)) !== one) invalid(field, one, "a lower-case address");
  sorted(field, list, most);
}

function apart(field: string, allowed: readonly string[], denied: readonly string[]): void {
  for (const one of denied) if (allowed.includes(one)) invalid(field, one, "either allowed or denied");
}

/** Fails where the policy is not of the form that types.proto says. */
export function checkPolicy(policy: Policy | undefined): asserts policy is Policy {
  if (policy === undefined) invalid("policy", "missing", "given, all of it");
  for (const field of ["allowedClasses", "deniedClasses"] as const) {
    for (const one of policy[field]) if (one.length > 64 || !classPattern.test(one)) invalid("policy classes", one, "class ids, at most 64 characters");
    sorted("policy classes", policy[field], policyLimits.list);
  }
  addresses("policy.allowed_providers", policy.allowedProviders, policyLimits.list);
  addresses("policy.denied_providers", policy.deniedProviders, policyLimits.list);
  for (const field of ["allowedJurisdictions", "deniedJurisdictions"] as const) {
    for (const one of policy[field]) checkAttribute("policy jurisdictions", jurisdictionKey, one);
    sorted("policy jurisdictions", policy[field], policyLimits.list);
  }
  apart("policy classes", policy.allowedClasses, policy.deniedClasses);
  apart("policy providers", policy.allowedProviders, policy.deniedProviders);
  apart("policy jurisdictions", policy.allowedJurisdictions, policy.deniedJurisdictions);
  addresses("policy.jurisdiction_auditors", policy.jurisdictionAuditors, policyLimits.auditors);
  const asked = policy.allowedJurisdictions.length > 0 || policy.deniedJurisdictions.length > 0;
  if (policy.attestedJurisdiction && !asked) invalid("policy.attested_jurisdiction", "true", "false where no jurisdiction is asked for");
  if (policy.jurisdictionAuditors.length > 0 && !policy.attestedJurisdiction) invalid("policy.jurisdiction_auditors", `${policy.jurisdictionAuditors.length} entries`, "empty where attested_jurisdiction is false");
  for (const rule of policy.rules) checkRule(rule);
  sorted("policy.rules", policy.rules.map(({ attribute }) => attribute!.key), policyLimits.rules);
  const level = policy.minVerification;
  if (level < VerificationLevel.VERIFICATION_LEVEL_UNSPECIFIED || level > VerificationLevel.VERIFICATION_LEVEL_V5_PROOF) invalid("policy.min_verification", level, "V0 to V5, or unspecified");
}

/** As providers declare them. */
function checkAttribute(field: string, key: string, value: string): void {
  if (!attributeKey.test(key)) invalid(`${field}.key`, key, "1 to 32 of a-z 0-9 . _ / - beginning with a letter");
  if (!attributeValue.test(value)) invalid(`${field}.value`, value, "1 to 64 printable ASCII characters without spaces at its ends");
}

function checkRule({ attribute, attested, auditors }: Rule): void {
  checkAttribute("policy.rules.attribute", attribute?.key ?? "", attribute?.value ?? "");
  addresses("policy.rules.auditors", auditors, policyLimits.auditors);
  if (auditors.length > 0 && !attested) invalid("policy.rules.auditors", `${auditors.length} entries`, "empty where attested is false");
}

const levelName = (level: VerificationLevel): string => enumName(VerificationLevel, level, "VERIFICATION_LEVEL_");

/** The rule that forbids this work, in words; undefined where none does. */
export function workRule({ allowedClasses, deniedClasses, minVerification, allowUnverifiedServices }: Policy, { classId, verification }: Work): string | undefined {
  if (classId !== undefined) {
    if (deniedClasses.includes(classId)) return `denied_classes has ${classId}`;
    if (allowedClasses.length > 0 && !allowedClasses.includes(classId)) return `allowed_classes has no ${classId}`;
  }
  if (verification === "any" || minVerification <= VerificationLevel.VERIFICATION_LEVEL_V0_NONE) return undefined;
  if (verification === undefined) return allowUnverifiedServices ? undefined : `min_verification is ${levelName(minVerification)}, and nothing verifies services and channels (allow_unverified_services is not set)`;
  return verification < minVerification ? `min_verification is ${levelName(minVerification)}, not ${levelName(verification)}` : undefined;
}

/** Whether any rule is about who serves. */
export function asksOfProviders({ allowedProviders, deniedProviders, allowedJurisdictions, deniedJurisdictions, rules }: Policy): boolean {
  return allowedProviders.length + deniedProviders.length + allowedJurisdictions.length + deniedJurisdictions.length + rules.length > 0;
}

/** The rule that forbids this provider, in words; undefined where none does. Attestations are asked last: they cost reads. */
export function providerRule(policy: Policy, provider: ProviderFacts): string | undefined {
  const address = addressText(provider.address);
  if (policy.deniedProviders.includes(address)) return `denied_providers has ${address}`;
  if (policy.allowedProviders.length > 0 && !policy.allowedProviders.includes(address)) return `allowed_providers has no ${address}`;
  const declared = (key: string): string | undefined => provider.attributes.find(([name]) => name === key)?.[1];
  const { allowedJurisdictions: allowed, deniedJurisdictions: denied } = policy;
  const asked = allowed.length > 0 || denied.length > 0;
  const where = declared(jurisdictionKey);
  if (asked) {
    if (where === undefined) return "a jurisdiction is asked for, the provider declares none";
    if (denied.includes(where)) return `denied_jurisdictions has ${where}`;
    if (allowed.length > 0 && !allowed.includes(where)) return `allowed_jurisdictions has no ${where}`;
  }
  for (const { attribute } of policy.rules) {
    if (declared(attribute!.key) !== attribute!.value) return `rules ask for ${attribute!.key}=${attribute!.value}`;
  }
  if (asked && policy.attestedJurisdiction && !provider.attested(jurisdictionKey, where!, auditorsOf(policy.jurisdictionAuditors))) return `jurisdiction=${where!} is not attested as attested_jurisdiction asks`;
  for (const { attribute, attested, auditors } of policy.rules) {
    if (attested && !provider.attested(attribute!.key, attribute!.value, auditorsOf(auditors))) return `rules ask for ${attribute!.key}=${attribute!.value} attested`;
  }
  return undefined;
}

const auditorsOf = (list: readonly string[]): readonly Uint8Array[] | undefined => (list.length === 0 ? undefined : list.map((one) => addressBytes(one)));
