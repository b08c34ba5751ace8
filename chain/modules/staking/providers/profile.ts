/** What a provider may say of itself: bounded text, so that nobody stores a library with us. */
import type { Profile } from "../../../codec/gen/dcm/staking/v1/types.ts";
import { addressBytes, isAddress } from "../../../codec/address.ts";
import type { Random, World } from "../../../runtime/module.ts";
import { attributeFault, monikerFault, urlFault } from "../../../runtime/text.ts";
import { profiles } from "./state.ts";

const limits = { endpoints: 4, attributes: 32, organization: 64 } as const;

const organizationPattern = /^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$/;

/** The sentence that says what is wrong with a profile, or undefined. */
export function profileFault(profile: Profile | undefined): string | undefined {
  if (profile === undefined) return "profile is missing";
  const { moniker, endpoints, encryptionKey, attributes, organization } = profile;
  const badMoniker = monikerFault(moniker);
  if (badMoniker !== undefined) return badMoniker;
  if (endpoints.length > limits.endpoints) return `endpoints: at most ${limits.endpoints}, got ${endpoints.length}`;
  for (const [i, endpoint] of endpoints.entries()) {
    const bad = urlFault(`endpoints[${i}]`, endpoint);
    if (bad !== undefined) return bad;
    if (endpoints.indexOf(endpoint) !== i) return `endpoints[${i}] stands there twice`;
  }
  if (encryptionKey.length !== 32) return `encryption_key is an X25519 public key of 32 bytes, got ${encryptionKey.length}`;
  if (isLowOrder(encryptionKey)) return "encryption_key is a point of low order: whatever is sealed to it, anybody can open";
  if (attributes.length > limits.attributes) return `attributes: at most ${limits.attributes}, got ${attributes.length}`;
  let last = "";
  for (const { key, value } of attributes) {
    const bad = attributeFault(key, value);
    if (bad !== undefined) return bad;
    if (key <= last) return `attributes are sorted by key, without repeats: ${key} stands behind ${last}`;
    last = key;
  }
  if (organization !== "") {
    if (organization.length > limits.organization || !organizationPattern.test(organization)) return `organization is 1 to ${limits.organization} of a-z 0-9 . _ - between letters or digits, or empty`;
    // A provider without organization goes by its address: nobody else may take that name.
    if (isAddress(organization)) return "organization is a name, not an address";
  }
  return undefined;
}

const p = (1n << 255n) - 19n;
/** u coordinates of the points whose order divides 8, on the curve and on its twist. */
const lowOrder = [
  0n, 1n, p - 1n,
  325606250916557431795983626356110631294008115727848805560023387167927233504n,
  39382357235489614581723060781553021112529911719440698176882885853963445705823n,
];

function isLowOrder(key: Uint8Array): boolean {
  let u = 0n;
  for (let i = 31; i >= 0; i--) u = (u << 8n) | BigInt(i === 31 ? key[i]! & 0x7f : key[i]!);
  return lowOrder.includes(u % p);
}

/** A profile of simulations: valid, but for a few. */
export function arbitraryProfile(random: Random): Profile {
  const keys = ["cpu", "gpu", "jurisdiction", "zone"].filter(() => random.chance(50));
  return {
    moniker: random.chance(95) ? `provider ${random.int(1000)}` : " ",
    endpoints: random.chance(80) ? [`https://p${random.int(100)}.example:8443/data`] : [],
    encryptionKey: Uint8Array.from({ length: random.chance(95) ? 32 : 31 }, () => random.int(256)),
    attributes: keys.map((key) => ({ key, value: random.pick(["a", "b", "c"]) })),
    organization: random.chance(30) ? `org-${random.int(3)}` : "",
  };
}

/** One of the accounts of a simulation that is a provider; sometimes one that is not. */
export function arbitraryOperator({ ctx, accounts, random }: World): string | undefined {
  if (accounts.length === 0) return undefined;
  const providers = accounts.filter((account) => profiles.has(ctx, addressBytes(account)));
  return random.chance(5) || providers.length === 0 ? random.pick(accounts) : random.pick(providers);
}
