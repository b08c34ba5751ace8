/** Text that strangers store with us: bounded, printable. Each function gives the sentence that says what is wrong, or undefined. */

const limits = { moniker: 70, url: 256, attributeKey: 32, attributeValue: 64 } as const;

const monikerPattern = /^[\x20-\x7e]+$/;
const urlPattern = /^https?:\/\/[A-Za-z0-9.:_[\]-]+(?:\/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?$/;
const attributeKeyPattern = /^[a-z][a-z0-9._/-]*$/;
const attributeValuePattern = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

export function monikerFault(moniker: string): string | undefined {
  return moniker.length > limits.moniker || !monikerPattern.test(moniker) || moniker.trim() !== moniker
    ? `moniker is 1 to ${limits.moniker} printable ASCII characters without spaces at its ends`
    : undefined;
}

export function urlFault(field: string, url: string): string | undefined {
  return url.length > limits.url || !urlPattern.test(url) ? `${field} is an http:// or https:// address of at most ${limits.url} characters, without query and fragment` : undefined;
}

export function isAttributeKey(key: string): boolean {
  return key.length <= limits.attributeKey && attributeKeyPattern.test(key);
}

export function attributeFault(key: string, value: string): string | undefined {
  if (!isAttributeKey(key)) return `attribute key ${quoted(key)}: 1 to ${limits.attributeKey} of a-z 0-9 . _ / - beginning with a letter`;
  if (value.length > limits.attributeValue || !attributeValuePattern.test(value)) return `attribute ${key}: the value is 1 to ${limits.attributeValue} printable ASCII characters without spaces at its ends`;
  return undefined;
}

/** Quotes at most 40 characters of a stranger's text, visible ASCII only. */
export function quoted(text: string): string {
  return `"${text.slice(0, 40).replaceAll(/[^\x20-\x7e]/g, "?")}"`;
}
