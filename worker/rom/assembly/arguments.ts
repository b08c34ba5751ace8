// The job's arguments: UTF-8 JSON {"args": ["..."], "env": {}}, as encodeWasmArguments of client/protocol.ts writes it. What has another form is refused.
import { ARGUMENTS, argumentsSize, TEXTS, TEXT_TABLE } from "./machine";

let at: usize = 0;
let end: usize = 0;
let out: usize = 0;
let valid: bool = true;

export let argumentCount: u32 = 0;

export function argumentAt(index: u32): usize {
  return load<u32>(TEXT_TABLE + ((<usize>index) << 2));
}

/** Without the zero byte behind it. */
export function argumentLength(index: u32): u32 {
  return <u32>(argumentAt(index + 1) - argumentAt(index) - 1);
}

/** Fills the table of texts; false where the bytes are not of the form. */
export function readArguments(): bool {
  at = ARGUMENTS;
  end = ARGUMENTS + argumentsSize();
  out = TEXTS;
  store<u32>(TEXT_TABLE, TEXTS);
  if (at == end) return true;
  readObject();
  skipSpace();
  return valid && at == end;
}

function readObject(): void {
  expect(0x7b);
  if (taken(0x7d)) return;
  let sawArguments = false;
  let sawEnvironment = false;
  do {
    const name = out;
    readText();
    const length = <u32>(out - name);
    if (length == 4 && load<u8>(name) == 0x61 && load<u8>(name, 1) == 0x72 && load<u8>(name, 2) == 0x67 && load<u8>(name, 3) == 0x73 && !sawArguments) {
      sawArguments = true;
      out = name;
      expect(0x3a);
      readTexts();
    } else if (length == 3 && load<u8>(name) == 0x65 && load<u8>(name, 1) == 0x6e && load<u8>(name, 2) == 0x76 && !sawEnvironment) {
      sawEnvironment = true;
      out = name;
      expect(0x3a);
      expect(0x7b);
      expect(0x7d);
    } else valid = false;
  } while (valid && taken(0x2c));
  expect(0x7d);
}

function readTexts(): void {
  expect(0x5b);
  if (taken(0x5d)) return;
  do {
    readText();
    store<u8>(out++, 0);
    argumentCount++;
    store<u32>(TEXT_TABLE + ((<usize>argumentCount) << 2), <u32>out);
  } while (valid && taken(0x2c));
  expect(0x5d);
}

function skipSpace(): void {
  while (at < end) {
    const byte = load<u8>(at);
    if (byte != 0x20 && byte != 0x0a && byte != 0x0d && byte != 0x09) return;
    at++;
  }
}

function taken(byte: u32): bool {
  skipSpace();
  if (at >= end || load<u8>(at) != byte) return false;
  at++;
  return true;
}

function expect(byte: u32): void {
  if (!taken(byte)) valid = false;
}

/** A string, unescaped to `out`. */
function readText(): void {
  expect(0x22);
  while (valid) {
    if (at >= end) {
      valid = false;
      return;
    }
    const byte = <u32>load<u8>(at++);
    if (byte == 0x22) return;
    if (byte < 0x20) valid = false;
    else if (byte == 0x5c) readEscape();
    else if (byte < 0x80) store<u8>(out++, byte);
    else readMultibyte(byte);
  }
}

/** UTF-8 as the standard has it: the shortest form, no surrogates, up to U+10FFFF. */
function readMultibyte(first: u32): void {
  let more = 1;
  let least: u32 = 0x80;
  let most: u32 = 0xbf;
  if (first < 0xc2 || first > 0xf4) valid = false;
  else if (first >= 0xf0) {
    more = 3;
    if (first == 0xf0) least = 0x90;
    if (first == 0xf4) most = 0x8f;
  } else if (first >= 0xe0) {
    more = 2;
    if (first == 0xe0) least = 0xa0;
    if (first == 0xed) most = 0x9f;
  }
  store<u8>(out++, first);
  for (; more > 0; more--) {
    const byte = at < end ? <u32>load<u8>(at++) : 0;
    if (byte < least || byte > most) valid = false;
    store<u8>(out++, byte);
    least = 0x80;
    most = 0xbf;
  }
}

function readEscape(): void {
  const byte = at < end ? <u32>load<u8>(at++) : 0;
  if (byte == 0x75) return readUnit();
  let value: u32 = 0;
  if (byte == 0x22 || byte == 0x5c || byte == 0x2f) value = byte;
  else if (byte == 0x62) value = 8;
  else if (byte == 0x66) value = 12;
  else if (byte == 0x6e) value = 10;
  else if (byte == 0x72) value = 13;
  else if (byte == 0x74) value = 9;
  else valid = false;
  store<u8>(out++, value);
}

/** Behind \u; a pair of surrogates is one character, one alone is U+FFFD. */
function readUnit(): void {
  let code = hex4();
  if (code == 0) valid = false;
  if (code >= 0xd800 && code < 0xe000) {
    const behind = at;
    let low: u32 = 0;
    if (code < 0xdc00 && at + 2 <= end && load<u8>(at) == 0x5c && load<u8>(at, 1) == 0x75) {
      at += 2;
      low = hex4();
    }
    if (low >= 0xdc00 && low < 0xe000) code = 0x10000 + ((code & 0x3ff) << 10) + (low & 0x3ff);
    else {
      at = behind;
      code = 0xfffd;
    }
  }
  if (code < 0x80) store<u8>(out++, code);
  else if (code < 0x800) {
    store<u8>(out++, 0xc0 | (code >> 6));
    continuation(code);
  } else if (code < 0x10000) {
    store<u8>(out++, 0xe0 | (code >> 12));
    continuation(code >> 6);
    continuation(code);
  } else {
    store<u8>(out++, 0xf0 | (code >> 18));
    continuation(code >> 12);
    continuation(code >> 6);
    continuation(code);
  }
}

function continuation(code: u32): void {
  store<u8>(out++, 0x80 | (code & 0x3f));
}

function hex4(): u32 {
  let value: u32 = 0;
  for (let i = 0; i < 4; i++) {
    const byte = at < end ? <u32>load<u8>(at++) : 0;
    const letter = (byte | 0x20) - 0x61;
    const digit = byte - 0x30;
    if (digit > 9 && letter > 5) valid = false;
    value = (value << 4) | (digit <= 9 ? digit : letter + 10);
  }
  return value;
}
