/**
 * How long what is due waits, in milliseconds, where its handler threw what nobody expected: it is tried again after that, so that one mistake of ours neither keeps money for good
 * nor, block after block, whatever is due behind it.
 */
export const retryMs = 600_000n;
