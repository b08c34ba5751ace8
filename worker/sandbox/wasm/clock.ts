/**
 * Time in a run with files: it begins at 1 and goes on by a nanosecond for each weighted instruction, and by what the program waits for, which takes no time of anybody. So programs that measure, sleep or wait
 * (Go's runtime does all of it before main) find what they need, and replicas the same.
 */
import { errno, type Guest, type HostFunction } from "./guest.ts";

const maxSubscriptions = 1_024;
const subscriptionBytes = 48;
const eventBytes = 32;
const isClock = 0;
const absolute = 1;

export class Clock {
  readonly #guest: Guest;
  /** Nanoseconds that were slept. */
  #slept = 0n;

  constructor(guest: Guest) {
    this.#guest = guest;
  }

  calls(): Record<string, HostFunction> {
    return {
      clock_res_get: (clock: number, to: number) => (clock >>> 0 > 3 ? this.#guest.pay(0, errno.inval) : this.#guest.u64(to, 1n)),
      clock_time_get: (clock: number, _precision: bigint, to: number) => (clock >>> 0 > 3 ? this.#guest.pay(0, errno.inval) : this.#guest.u64(to, this.#now())),
      poll_oneoff: (from: number, to: number, n: number, count: number) => this.#poll(from, to, n >>> 0, count),
    };
  }

  #now(): bigint {
    return BigInt.asUintN(64, 1n + this.#guest.used + this.#slept);
  }

  /** Descriptors are ready at once: there is nobody to wait for. Without any the earliest clock rings, and those that ring by then. */
  #poll(from: number, to: number, n: number, count: number): number {
    this.#guest.pay(Math.min(n, maxSubscriptions) * (subscriptionBytes + eventBytes));
    if (n === 0 || n > maxSubscriptions) return errno.inval;
    if (!this.#guest.inside(from, n * subscriptionBytes) || !this.#guest.inside(to, n * eventBytes) || !this.#guest.inside(count, 4)) return errno.fault;
    const now = this.#now();
    const view = this.#guest.view();
    const subscriptions = Array.from({ length: n }, (_, i) => {
      const at = (from >>> 0) + i * subscriptionBytes;
      const type = view.getUint8(at + 8);
      const timeout = view.getBigUint64(at + 24, true);
      return { userdata: view.getBigUint64(at, true), type, due: type !== isClock ? 0n : (view.getUint16(at + 40, true) & absolute) !== 0 ? timeout : now + timeout };
    });
    const due = subscriptions.reduce((earliest, one) => (one.due < earliest ? one.due : earliest), subscriptions[0]!.due);
    const until = due > now ? due : now;
    this.#slept += until - now;
    const ready = subscriptions.filter((one) => one.due <= until);
    for (const [i, { userdata, type }] of ready.entries()) {
      const at = (to >>> 0) + i * eventBytes;
      this.#guest.span(at, eventBytes).fill(0);
      view.setBigUint64(at, userdata, true);
      view.setUint8(at + 10, type);
      if (type !== isClock) view.setBigUint64(at + 16, 1n, true);
    }
    return this.#guest.u32(count, ready.length);
  }
}
