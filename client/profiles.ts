/** What a consumer wants of providers, in its own words, and the profile of the book that says the same. */
import { setTimeout as sleep } from "node:timers/promises";
import { equalBytes } from "../chain/codec/bytes.ts";
import { Profile } from "../chain/codec/gen/dcm/market/v1/types.ts";
import type { Connection } from "./connection.ts";
import type { Sender } from "./sender.ts";

export interface Wishes {
  /** Without these an ask cannot serve: the value, or the value and who must have attested it (empty: any accredited auditor). */
  readonly requires?: Readonly<Record<string, string | { readonly value: string; readonly attestedBy: readonly string[] }>>;
  /** These are liked: what each is worth, for one lot, in the quote denom. */
  readonly prefers?: Readonly<Record<string, { readonly value: string; readonly worth: bigint }>>;
}

export interface BookName {
  readonly classId: string;
  readonly quoteDenom: string;
}

const byKey = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1);

/** As MsgRegisterProfile has them. */
export function profileContent({ requires = {}, prefers = {} }: Wishes): Pick<Profile, "requirements" | "preferences"> {
  return {
    requirements: Object.entries(requires).sort(byKey).map(([key, wish]) =>
      typeof wish === "string" ? { attribute: { key, value: wish }, attested: false, auditors: [] } : { attribute: { key, value: wish.value }, attested: true, auditors: [...wish.attestedBy].sort() }),
    preferences: Object.entries(prefers).sort(byKey).map(([key, { value, worth }]) => ({ attribute: { key, value }, worth })),
  };
}

/** The number of the profile that says the same; 0 without wishes, undefined where the book has none. */
export async function findProfile(connection: Connection, book: BookName, wishes: Wishes): Promise<{ readonly id: number; readonly ready: boolean } | undefined> {
  const wanted = profileContent(wishes);
  if (wanted.requirements.length + wanted.preferences.length === 0) return { id: 0, ready: true };
  const content = Profile.encode(Profile.fromPartial(wanted)).finish();
  const { profiles } = await connection.query.market.profiles({ ...book, pagination: { key: new Uint8Array(0), offset: 0n, limit: 100n, countTotal: false, reverse: false } });
  const found = profiles.find(({ profile }) => equalBytes(Profile.encode(Profile.fromPartial({ requirements: profile!.requirements, preferences: profile!.preferences })).finish(), content));
  return found === undefined ? undefined : { id: found.profile!.id, ready: found.profile!.ready };
}

/** Like findProfile, and registers the profile where the book has none, for the deposit; resolves when bids may name it. */
export async function ensureProfile(connection: Connection, sender: Sender, book: BookName, wishes: Wishes, pollMs = 500): Promise<number> {
  for (let registered = false; ; ) {
    const found = await findProfile(connection, book, wishes);
    if (found?.ready === true) return found.id;
    if (found === undefined && !registered) {
      await sender.send({ typeUrl: "/dcm.market.v1.MsgRegisterProfile", value: { registrant: sender.address, ...book, ...profileContent(wishes) } });
      registered = true;
    }
    await sleep(pollMs);
  }
}
