/**
 * Events in the order in which they were emitted, as one flat list of texts. A block of 10,000 transactions emits 100,000 events: as one
 * object each they would be most of what the garbage collector carries around, and nobody but the encoder of the response looks at them.
 */
import type { Event } from "./gen/tendermint/abci/types.ts";

/** An event as it is indexed: attribute values are text. */
export interface EmittedEvent {
  readonly type: string;
  readonly attributes: readonly (readonly [key: string, value: string])[];
}

/** Attributes by their keys. */
export type Values = Readonly<Record<string, string | bigint | number>>;

export class EventLog {
  /** Of each event: keys and values in turns, the number of attributes, the type. So it is read from its end. */
  readonly parts: (string | number)[] = [];
  /** What several events have in common behind their own attributes: first part, end, key, value in turns; the last is the outermost. */
  readonly shared: (string | number)[] = [];
  #count = 0;

  /** The number of events. */
  get count(): number {
    return this.#count;
  }

  /** A point to come back to, or to begin a range of events at. */
  get mark(): number {
    return this.parts.length;
  }

  add(type: string, attributes: readonly (readonly [key: string, value: string])[]): void {
    const { parts } = this;
    for (let i = 0; i < attributes.length; i++) {
      const attribute = attributes[i]!;
      parts.push(attribute[0], attribute[1]);
    }
    parts.push(attributes.length, type);
    this.#count++;
  }

  /** `add` with values of which the text is meant: the attributes of one object after the other, in the order of its keys. No key is in two of them. */
  addValues(type: string, ...groups: readonly Values[]): void {
    const { parts } = this;
    let count = 0;
    for (const attributes of groups) {
      const keys = Object.keys(attributes);
      for (const key of keys) parts.push(key, String(attributes[key]!));
      count += keys.length;
    }
    parts.push(count, type);
    this.#count++;
  }

  /** Gives every event since the mark one more attribute, behind those that it has. */
  share(mark: number, key: string, value: string): void {
    if (this.parts.length > mark) this.shared.push(mark, this.parts.length, key, value);
  }

  /** Forgets the events since the mark. */
  cut(mark: number): void {
    const { parts, shared } = this;
    while (parts.length > mark) {
      const count = parts[parts.length - 2] as number;
      parts.length -= 2 * count + 2;
      this.#count--;
    }
    while (shared.length > 0 && (shared[shared.length - 3] as number) > mark) shared.length -= 4;
  }

  /** Adds the events of another log behind these. */
  append(other: EventLog): void {
    const offset = this.parts.length;
    for (const part of other.parts) this.parts.push(part);
    for (let i = 0; i < other.shared.length; i += 4) {
      this.shared.push((other.shared[i] as number) + offset, (other.shared[i + 1] as number) + offset, other.shared[i + 2]!, other.shared[i + 3]!);
    }
    this.#count += other.count;
  }

  /** As objects, for those who look at single events. */
  events(): EmittedEvent[] {
    const { parts, shared } = this;
    const out: EmittedEvent[] = [];
    for (let end = parts.length; end > 0; ) {
      const from = end - 2 - 2 * (parts[end - 2] as number);
      const attributes: [string, string][] = [];
      for (let i = from; i < end - 2; i += 2) attributes.push([parts[i] as string, parts[i + 1] as string]);
      for (let i = 0; i < shared.length; i += 4) {
        if ((shared[i] as number) <= from && end <= (shared[i + 1] as number)) attributes.push([shared[i + 2] as string, shared[i + 3] as string]);
      }
      out.push({ type: parts[end - 1] as string, attributes });
      end = from;
    }
    return out.reverse();
  }

  /** As ABCI has them; every attribute is indexed. */
  abciEvents(): Event[] {
    return this.events().map(({ type, attributes }) => ({ type, attributes: attributes.map(([key, value]) => ({ key, value, index: true })) }));
  }
}
