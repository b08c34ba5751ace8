/** What counts, held against a slow model that knows nothing of indexes, queues and sweeps. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { addressBytes } from "../../../codec/address.ts";
import { TxError } from "../../../runtime/errors.ts";
import { account, AuditorsWorld, authority, coin } from "./testing.ts";

const auditors = [1, 2, 3] as const;
const providers = [8, 9] as const;
const keys = ["cpu", "zone"] as const;
const values = ["a", "b"] as const;
const least = 1_000n;
const unbondingTimeMs = 4_000n;
const places = 2;

interface Signed {
  readonly by: number;
  readonly of: number;
  readonly key: string;
  readonly value: string;
  readonly expires: bigint;
}

interface ModelAuditor {
  stays: bigint;
  unbonding: { amount: bigint; due: bigint }[];
  retiring: boolean;
}

/** The rules as the README has them, over plain lists. */
class Model {
  tau: bigint;
  signed: Signed[] = [];
  readonly auditors = new Map<number, ModelAuditor>();
  readonly accredited = new Map<number, { readonly keys: readonly string[]; readonly expires: bigint }>();
  /** Whose void attestations the next block takes away. */
  voiding = new Set<number>();
  /** What it takes away. */
  unswept: Signed[] = [];

  constructor(tau: bigint) {
    this.tau = tau;
  }

  covers(by: number, key: string): boolean {
    const accreditation = this.accredited.get(by);
    return accreditation !== undefined && this.tau < accreditation.expires && accreditation.keys.some((one) => one === key || one === "*");
  }
  isActive(by: number): boolean {
    const auditor = this.auditors.get(by);
    return auditor !== undefined && !auditor.retiring && auditor.stays >= least;
  }
  counts(one: Signed): boolean {
    return this.tau < one.expires && this.isActive(one.by) && this.covers(one.by, one.key);
  }
  until(of: number, key: string, value: string, among: readonly number[] = auditors): bigint {
    const lasting = this.signed.filter((one) => one.of === of && one.key === key && one.value === value && among.includes(one.by) && this.counts(one));
    return lasting.map((one) => (one.expires < this.accredited.get(one.by)!.expires ? one.expires : this.accredited.get(one.by)!.expires)).reduce((a, b) => (a > b ? a : b), 0n);
  }
  /** Attests, if the rules allow it. */
  attest(one: Signed, declared: string | undefined): boolean {
    const room = this.signed.filter(({ by, of, key }) => by !== one.by && of === one.of && key === one.key);
    const idle = room.filter((other) => !this.counts(other));
    if (!this.isActive(one.by) || !this.covers(one.by, one.key) || this.voiding.has(one.by) || this.voiding.has(one.of) || declared !== one.value || one.expires <= this.tau) return false;
    const excess = room.length - places + 1;
    if (excess > idle.length) return false;
    const displaced = excess > 0 ? idle.sort((a, b) => a.by - b.by).slice(0, excess) : [];
    this.signed = [...this.signed.filter((other) => !displaced.includes(other) && !(other.by === one.by && other.of === one.of && other.key === one.key)), one];
    return true;
  }
  void(which: (one: Signed) => boolean): void {
    this.signed = this.signed.filter((one) => !which(one));
  }
  /** Void from now on, and with the auditor or provider until the next block takes it away. */
  leave(who: number, which: (one: Signed) => boolean): void {
    if ([...this.signed, ...this.unswept].some(which)) this.voiding.add(who);
    this.unswept.push(...this.signed.filter(which));
    this.void(which);
  }
  pay(by: number): void {
    const auditor = this.auditors.get(by);
    if (auditor === undefined) return;
    auditor.unbonding = auditor.unbonding.filter(({ due }) => due > this.tau);
    if (auditor.retiring && auditor.unbonding.length === 0 && !this.voiding.has(by)) this.auditors.delete(by);
  }
  slash(by: number, bps: bigint): void {
    const auditor = this.auditors.get(by)!;
    const total = auditor.unbonding.reduce((sum, { amount }) => sum + amount, auditor.stays);
    let left = (total * bps + 9_999n) / 10_000n;
    const part = (of: bigint): bigint => {
      const taken = left < of ? left : of;
      left -= taken;
      return of - taken;
    };
    auditor.stays = part(auditor.stays);
    for (const entry of [...auditor.unbonding].reverse()) entry.amount = part(entry.amount);
    auditor.unbonding = auditor.unbonding.filter(({ amount }) => amount > 0n);
    this.pay(by);
  }
}

type Step = readonly [op: number, a: number, b: number, c: number, d: number];

describe("attestations over any interleaving", () => {
  it("AUD-23 count exactly where a slow model says so, and no coin appears or vanishes", () => {
    const nat = fc.nat(10_000);
    const step: fc.Arbitrary<Step> = fc.tuple(fc.nat(19), nat, nat, nat, nat);
    let signatures = 0;
    let counted = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 80 }), (steps) => {
        const world = new AuditorsWorld({ params: { minBond: String(least), unbondingTimeMs, maxAttestationsPerKey: places, depositPerByte: 3n } });
        world.sendAsProvider("UpdateParams", { authority, params: { ...(world.export().providers.params as object), unbondingTimeMs: 3_000n } });
        const model = new Model(world.tau);
        for (const by of auditors) {
          world.auditor(by, 1_500n);
          model.auditors.set(by, { stays: 1_500n, unbonding: [], retiring: false });
          model.accredited.set(by, { keys: ["*"], expires: world.tau + 700n * 86_400_000n });
        }
        for (const whose of providers) world.provider(whose, { cpu: "a", zone: "a" });
        const supply = (): bigint => [...auditors, ...providers].reduce((sum, i) => sum + world.balance(i), 0n) + world.held + world.burned;
        const bonds = (): bigint => world.export().providers.providers.reduce((sum, { bond }) => sum + BigInt(bond!.total), 0n);
        const before = supply() + bonds();
        const declaredBy = (of: number, key: string): string | undefined => world.providers.providers.find(world.ctx(), addressBytes(account(of)))?.attributes.find(([one]) => one === key)?.[1];
        /** True where the chain took it. */
        const took = (send: () => unknown): boolean => {
          try {
            send();
            return true;
          } catch (error) {
            if (error instanceof TxError) return false;
            throw error;
          }
        };
        const compare = (): void => {
          for (const whose of providers) for (const key of keys) for (const value of values) for (const among of [undefined, [1], [2, 3]]) {
            const until = model.until(whose, key, value, among);
            assert.equal(world.until(whose, key, value, among), until, `${key} = ${value} of ${whose} by ${String(among)}`);
            assert.equal(world.attested(whose, key, value, among), until > 0n);
            if (until > 0n) counted++;
          }
        };
        const left = (of: number): void => {
          model.leave(of, (one) => one.of === of);
        };
        const run = ([op, a, b, c, d]: Step): void => {
          const by = auditors[a % 3]!;
          const of = providers[b % 2]!;
          const key = keys[c % 2]!;
          const auditor = account(by);
          model.tau = world.tau;
          const mine = (): ModelAuditor => model.auditors.get(by)!;
          if (op <= 6) {
            const value = op === 0 ? values[d % 2]! : (declaredBy(of, key) ?? "a");
            const expiresTauMs = world.tau + BigInt(d % 9_000);
            model.pay(by);
            const wanted = model.attest({ by, of, key, value, expires: expiresTauMs }, declaredBy(of, key));
            assert.equal(took(() => world.attest(by, of, key, { value, expiresTauMs })), wanted, "attest");
            if (wanted) signatures++;
          } else if (op <= 8) {
            if (took(() => world.edit(of, d % 3 === 0 ? { zone: values[d % 2]! } : { cpu: values[c % 2]!, zone: values[d % 2]! }))) model.void((one) => one.of === of && declaredBy(of, one.key) !== one.value);
          } else if (op === 9) {
            const wanted = !model.voiding.has(by) && !model.voiding.has(of) && model.signed.some((one) => one.by === by && one.of === of && one.key === key && one.expires > world.tau);
            assert.equal(took(() => world.revoke(d % 2 === 0 ? auditor : authority, by, of, key)), wanted, "revoke");
            if (wanted) model.void((one) => one.by === by && one.of === of && one.key === key);
          } else if (op === 10) {
            const bps = BigInt(d % 5 === 0 ? 10_000 : 1 + (d % 3_000));
            if (took(() => world.send("SlashAuditor", { authority, auditor, fractionBps: Number(bps), reason: "x" }))) {
              model.pay(by);
              model.slash(by, bps);
            }
          } else if (op <= 12) {
            if (took(() => world.send("BondAuditor", { auditor, amount: coin(BigInt(1 + d)) }))) {
              model.pay(by);
              mine().stays += BigInt(1 + d);
            }
          } else if (op === 13) {
            const amount = BigInt(1 + (d % 500));
            if (took(() => world.send("UnbondAuditor", { auditor, amount: coin(amount) }))) {
              model.pay(by);
              mine().stays -= amount;
              mine().unbonding.push({ amount, due: world.tau + unbondingTimeMs });
              assert.ok(mine().stays >= least);
            }
          } else if (op === 14 && d % 3 === 0) {
            if (took(() => world.send("RetireAuditor", { auditor }))) {
              model.pay(by);
              if (mine().stays > 0n) mine().unbonding.push({ amount: mine().stays, due: world.tau + unbondingTimeMs });
              Object.assign(mine(), { stays: 0n, retiring: true });
              model.leave(by, (one) => one.by === by);
              model.pay(by);
            }
          } else if (op === 15) {
            if (took(() => world.register(by, 1_200n))) {
              model.pay(by);
              assert.equal(model.auditors.has(by), false);
              model.auditors.set(by, { stays: 1_200n, unbonding: [], retiring: false });
            }
          } else if (op === 16) {
            const chosen = d % 4 === 0 ? [] : d % 4 === 1 ? ["cpu"] : ["*"];
            if (chosen.length === 0 && took(() => world.accredit(by, []))) {
              model.accredited.delete(by);
              model.leave(by, (one) => one.by === by);
            }
            const again = chosen.length > 0 ? chosen : ["*"];
            if (d % 8 !== 0) {
              world.accredit(by, again, BigInt(1 + d));
              model.accredited.set(by, { keys: again, expires: world.tau + BigInt(1 + d) });
            }
          } else if (op === 17) {
            if (d % 2 === 0) took(() => world.sendAsProvider("RetireProvider", { operator: account(of) }));
            else {
              // Often late enough that it leaves and comes back in one message.
              world.tau += d % 4 === 1 ? 3_000n : 0n;
              model.tau = world.tau;
              if (took(() => world.provider(of, { cpu: "a", zone: "a" }))) left(of);
            }
          } else {
            // Time first: what is due is due, swept or not. Then mostly a block.
            world.tau += BigInt(d % 2_000);
            model.tau = world.tau;
            compare();
            if (c % 3 === 0) return;
            model.void((one) => one.expires <= world.tau);
            const gone = providers.filter((one) => declaredBy(one, "zone") !== undefined);
            world.block();
            for (const one of gone) if (declaredBy(one, "zone") === undefined) left(one);
            for (const [one, { expires }] of model.accredited) if (expires <= world.tau) model.accredited.delete(one);
            for (const one of auditors) model.pay(one);
            model.voiding = new Set();
            model.unswept = [];
            for (const one of auditors) model.pay(one);
          }
        };
        for (const one of steps) {
          run(one);
          compare();
          assert.deepEqual(world.broken(), []);
          assert.equal(supply() + bonds(), before);
        }
      }),
      { numRuns: 50 },
    );
    assert.ok(signatures > 100 && counted > 1_000, `only ${signatures} signatures, ${counted} that counted`);
  }).timeout(60_000);
});
