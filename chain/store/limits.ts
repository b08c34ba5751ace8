/** What a store takes. The bounds keep one record of a log, a snapshot or a proof small enough to hold in memory. */

/** Bytes of a key, as in the Cosmos SDK. */
export const maxKeyLength = 65_535;
/** Bytes of a value: 4 MiB, so that a record always fits a snapshot chunk. */
export const maxValueLength = 4_194_304;

/** Throws a RangeError on an empty or over-long key. */
export function checkKey(key: Uint8Array): void {
  if (key.length === 0 || key.length > maxKeyLength) throw new RangeError(`a key has 1 to ${maxKeyLength} bytes, this one has ${key.length}`);
}

/** Throws a RangeError on an empty or over-long value: stock proof verifiers refuse empty values. */
export function checkValue(value: Uint8Array): void {
  if (value.length === 0 || value.length > maxValueLength) {
    throw new RangeError(`a value has 1 to ${maxValueLength} bytes, this one has ${value.length}; delete the key instead of storing nothing`);
  }
}
