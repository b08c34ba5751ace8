/** RIPEMD-160, which only addresses need, in a file of its own: `hash.ts` imports no package, so the sandbox's child can read it. */
export { ripemd160 } from "@noble/hashes/legacy.js";
