import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { addressBytes, addressText } from "../chain/codec/address.ts";
import { toHex } from "../chain/codec/bytes.ts";
import { juryCommitment } from "../chain/codec/jury.ts";
import { commitVote, jurySalt, revealVote, type Ballot } from "./jury.ts";

const juror = addressText(new Uint8Array(20).fill(7));
const ballot: Ballot = { juror, caseId: 5n, round: 1, side: "provider", secret: new Uint8Array(32).fill(1) };

describe("jury", () => {
  it("commits to what it opens", () => {
    const { vote, salt } = revealVote(ballot).value as { vote: number; salt: Uint8Array };
    const { commitment } = commitVote(ballot).value as { commitment: Uint8Array };
    assert.deepEqual(commitment, juryCommitment({ caseId: 5n, round: 1, juror: addressBytes(juror), vote, salt }));
    assert.equal(vote, 2);
  });

  it("has a salt of its own for each juror, case and round, and none for the side", () => {
    const salts = [ballot, { ...ballot, caseId: 6n }, { ...ballot, round: 2 }, { ...ballot, juror: addressText(new Uint8Array(20).fill(8)) }, { ...ballot, secret: new Uint8Array(33).fill(1) }].map((one) => toHex(jurySalt(one)));
    assert.equal(new Set(salts).size, salts.length);
    assert.deepEqual(jurySalt({ ...ballot, side: "consumer" } as Ballot), jurySalt(ballot));
    assert.throws(() => jurySalt({ ...ballot, secret: new Uint8Array(31) }), RangeError);
  });
});
