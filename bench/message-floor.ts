/**
 * The least that a message can cost that writes its keys and emits its events: what it reads and writes is noted in one execution, then done again with the bytes
 * and texts at hand, nothing decoded, reckoned, encoded or turned into text.
 */
import type { Context } from "../chain/runtime/context.ts";
import type { Machine } from "../chain/runtime/machine.ts";
import type { MessageHandler } from "../chain/runtime/module.ts";
import { putInto, viewOf, type KVStore, type Stores } from "../chain/store/kv.ts";

interface Touched {
  readonly store: string;
  readonly key: Uint8Array;
  read: boolean;
  written: boolean;
  value: Uint8Array | undefined;
}

interface Noted {
  readonly touched: readonly Touched[];
  readonly events: Context["events"];
  readonly response: unknown;
}

/** Runs `note` with the message's handler as it is, and gives what runs something with one that only repeats what was noted. Messages must be the same objects. */
export function floorOf(machine: Machine, typeUrl: string, note: () => void): (run: () => void) => void {
  const handler = machine.router.message(typeUrl)!.handler as { execute: MessageHandler<unknown, unknown>["execute"] };
  const { execute } = handler;
  const noted = new Map<unknown, Noted>();
  const withHandler = (other: typeof execute, run: () => void): void => {
    handler.execute = other;
    try {
      run();
    } finally {
      handler.execute = execute;
    }
  };
  withHandler((ctx, message) => {
    const touched = new Map<string, Touched>();
    const inner = ctx.over(watched(ctx, touched));
    const response = execute(inner, message);
    ctx.log.append(inner.log);
    noted.set(message, { touched: Array.from(touched.values()), events: inner.events, response });
    return response;
  }, note);
  const repeat: typeof execute = (ctx, message) => {
    const { touched, events, response } = noted.get(message)!;
    for (const { store, key, read, written, value } of touched) {
      const to = ctx.store(store);
      if (read) viewOf(to, key);
      if (!written) continue;
      if (value === undefined) to.delete(key);
      else putInto(to, key, value);
    }
    for (const { type, attributes } of events) ctx.log.add(type, attributes);
    return response;
  };
  return (run) => withHandler(repeat, run);
}

/** The context's stores; `touched` gets each key that is read or written, with its last value. */
function watched(ctx: Context, touched: Map<string, Touched>): Stores {
  return {
    store(name) {
      const inner = ctx.store(name);
      const of = (key: Uint8Array): Touched => {
        const id = `${name} ${Buffer.from(key).toString("hex")}`;
        const known = touched.get(id) ?? { store: name, key: key.slice(), read: false, written: false, value: undefined };
        touched.set(id, known);
        return known;
      };
      const read = (key: Uint8Array): void => void (of(key).read = true);
      const write = (key: Uint8Array, value: Uint8Array | undefined): void => void Object.assign(of(key), { written: true, value });
      const store: KVStore = {
        get: (key) => (read(key), inner.get(key)),
        view: (key) => (read(key), viewOf(inner, key)),
        has: (key) => (read(key), inner.has(key)),
        iterate: (start, end, reverse) => inner.iterate(start, end, reverse),
        set: (key, value) => (write(key, value.slice()), inner.set(key, value)),
        put: (key, value) => (write(key, value), putInto(inner, key, value)),
        delete: (key) => (write(key, undefined), inner.delete(key)),
      };
      return store;
    },
  };
}
