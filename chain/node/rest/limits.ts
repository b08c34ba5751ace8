/** Request rates by client address: a token bucket each, bounded in number. */

export interface RateLimiter {
  /** False where the client has used up its share. */
  take(client: string): boolean;
}

const maxClients = 20_000;
const burstSeconds = 10;

/** `perSecond` on average, ten times that at once; 0 lets everything through. */
export function rateLimiter(perSecond: number, nowMs: () => number): RateLimiter {
  if (perSecond === 0) return { take: () => true };
  const buckets = new Map<string, { tokens: number; at: number }>();
  const most = perSecond * burstSeconds;
  return {
    take(client) {
      const now = nowMs();
      const known = buckets.get(client);
      const tokens = known === undefined ? most : Math.min(most, known.tokens + ((now - known.at) / 1000) * perSecond);
      // The oldest entry goes: with so many clients, forgetting one gives it a fresh bucket, no more.
      buckets.delete(client);
      if (buckets.size >= maxClients) buckets.delete(buckets.keys().next().value!);
      buckets.set(client, { tokens: Math.max(0, tokens - 1), at: now });
      return tokens >= 1;
    },
  };
}
