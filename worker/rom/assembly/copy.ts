// Copies and fills of raw memory, words at a time where that is possible.
import { inside, trap } from "./machine";

export function copy(to: usize, from: usize, length: u32): void {
  if (to - from >= length) forward(to, from, length);
  else backward(to, from, length);
}

function forward(to: usize, from: usize, length: u32): void {
  const end = to + length;
  if (length >= 16) {
    while ((to & 3) != 0) {
      store<u8>(to, load<u8>(from));
      to++;
      from++;
    }
    const low = <u32>(from & 3) << 3;
    const words = end & ~3;
    if (low == 0) {
      while (words - to >= 16) {
        store<u32>(to, load<u32>(from));
        store<u32>(to, load<u32>(from, 4), 4);
        store<u32>(to, load<u32>(from, 8), 8);
        store<u32>(to, load<u32>(from, 12), 12);
        to += 16;
        from += 16;
      }
      while (to != words) {
        store<u32>(to, load<u32>(from));
        to += 4;
        from += 4;
      }
    } else {
      const high = 32 - low;
      let at = from & ~3;
      let word = load<u32>(at) >> low;
      from += words - to;
      while (to != words) {
        const next = load<u32>(at, 4);
        store<u32>(to, word | (next << high));
        word = next >> low;
        at += 4;
        to += 4;
      }
    }
  }
  while (to != end) {
    store<u8>(to, load<u8>(from));
    to++;
    from++;
  }
}

function backward(start: usize, source: usize, length: u32): void {
  let to = start + length;
  let from = source + length;
  if (((to ^ from) & 3) == 0 && length >= 8) {
    while ((to & 3) != 0) {
      to--;
      from--;
      store<u8>(to, load<u8>(from));
    }
    while (to - start >= 4) {
      to -= 4;
      from -= 4;
      store<u32>(to, load<u32>(from));
    }
  }
  while (to != start) {
    to--;
    from--;
    store<u8>(to, load<u8>(from));
  }
}

export function fill(to: usize, value: u32, length: u32): void {
  const end = to + length;
  if (length >= 16) {
    const word = (value & 0xff) * 0x01010101;
    while ((to & 3) != 0) {
      store<u8>(to, value);
      to++;
    }
    const words = end & ~3;
    while (words - to >= 16) {
      store<u32>(to, word);
      store<u32>(to, word, 4);
      store<u32>(to, word, 8);
      store<u32>(to, word, 12);
      to += 16;
    }
    while (to != words) {
      store<u32>(to, word);
      to += 4;
    }
  }
  while (to != end) {
    store<u8>(to, value);
    to++;
  }
}

export function memory_copy(to: u32, from: u32, length: u32): void {
  if (!inside(to, length) || !inside(from, length)) trap();
  copy(to, from, length);
}

export function memory_fill(to: u32, value: u32, length: u32): void {
  if (!inside(to, length)) trap();
  fill(to, value, length);
}
