/** Votes that a juror committed to, with their salts, in the home until they are opened: `jury/chain-ID/CASE-ROUND-JUROR.json`, for its owner alone. */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { addressBytes } from "../codec/address.ts";
import { equalBytes, fromHex, toHex } from "../codec/bytes.ts";
import { Verdict } from "../codec/gen/dcm/dispute/v1/types.ts";
import { juryCommitment } from "../codec/jury.ts";
import { readJson, writeFile, type Home } from "./home.ts";

/** In which a juror votes once. */
export interface Ballot {
  readonly chainId: string;
  readonly caseId: bigint;
  /** Counted from 0. */
  readonly round: number;
  readonly juror: string;
}

export interface KeptVote {
  readonly vote: Verdict;
  /** 32 bytes. */
  readonly salt: Uint8Array;
}

/** Another one may have taken the first one's place while votes were committed, and which of them the chain has is not known before it answers: all are kept. */
interface VoteFile {
  readonly votes: readonly { readonly vote: string; readonly salt: string }[];
}

export function voteFile(home: Home, { chainId, caseId, round, juror }: Ballot): string {
  return join(home.root, "jury", `chain-${chainId.replaceAll(/[^A-Za-z0-9._-]/g, "_")}`, `${caseId}-${round}-${juror}.json`);
}

const sides: Readonly<Record<string, Verdict>> = { consumer: Verdict.VERDICT_CONSUMER, provider: Verdict.VERDICT_PROVIDER };

export const sideOf = (text: string): Verdict | undefined => sides[text.toLowerCase()];
export const sideName = (vote: Verdict): string => Object.keys(sides).find((name) => sides[name] === vote) ?? "none";

export const commitmentOf = ({ caseId, round, juror }: Ballot, { vote, salt }: KeptVote): Uint8Array => juryCommitment({ caseId, round, juror: addressBytes(juror), vote, salt });

/** Makes a salt for the vote and keeps both, durable when it returns: a commitment that is sent before could be opened by nobody after a crash. */
export function keepVote(home: Home, ballot: Ballot, vote: Verdict): KeptVote {
  const kept = { vote, salt: new Uint8Array(randomBytes(32)) };
  const votes = [...keptVotes(home, ballot), kept];
  writeFile(voteFile(home, ballot), `${JSON.stringify({ votes: votes.map((one) => ({ vote: sideName(one.vote), salt: toHex(one.salt) })) } satisfies VoteFile, null, 2)}\n`, { secret: true });
  return kept;
}

export function keptVotes(home: Home, ballot: Ballot): KeptVote[] {
  const path = voteFile(home, ballot);
  const file = readJson(path) as Partial<VoteFile> | undefined;
  return (file?.votes ?? []).map(({ vote, salt }) => {
    const side = sideOf(vote);
    if (side === undefined || !/^[0-9a-f]{64}$/.test(salt)) throw new SyntaxError(`${path} has a vote that is none: a side, and a salt of 32 bytes in hexadecimal`);
    return { vote: side, salt: fromHex(salt) };
  });
}

/** What opens this commitment; undefined where it is not here. */
export function voteBehind(home: Home, ballot: Ballot, commitment: Uint8Array): KeptVote | undefined {
  return keptVotes(home, ballot).find((kept) => equalBytes(commitmentOf(ballot, kept), commitment));
}
