import assert from "node:assert/strict";
import { seeded } from "../../test/simulation/random.ts";
import { div, divu, mulh, mulhsu, mulhu, rem, remu } from "./arithmetic.ts";
import { randomWord } from "./testing.ts";

describe("products and quotients", () => {
  it("VM-6: are those of big integers", () => {
    const random = seeded("arithmetic");
    const low = (value: bigint): number => Number(BigInt.asIntN(32, value));
    for (let i = 0; i < 20_000; i++) {
      const [a, b] = [randomWord(random), randomWord(random)];
      const [signedA, signedB, unsignedA, unsignedB] = [BigInt(a), BigInt(b), BigInt(a >>> 0), BigInt(b >>> 0)];
      const products = [mulh(a, b), mulhsu(a, b), mulhu(a, b)];
      assert.deepEqual(products, [signedA * signedB, signedA * unsignedB, unsignedA * unsignedB].map((product) => low(product >> 32n)), `${a} times ${b}`);
      const quotients = [div(a, b), divu(a, b), rem(a, b), remu(a, b)];
      assert.deepEqual(quotients, b === 0 ? [-1, -1, a, a] : [signedA / signedB, unsignedA / unsignedB, signedA % signedB, unsignedA % unsignedB].map(low), `${a} by ${b}`);
    }
  });
});
