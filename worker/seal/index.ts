/** Encryption between consumer and providers. */
export { SecretBytes } from "./secret.ts";
export { generateKeyPair, loadKeyPair, newJobKey, openKey, sealKey, sealedKeyBytes, SealBroken, type KeyPair } from "./keys.ts";
export { openBlob, openFrom, openStream, sealBlob, sealedSize, sealStream, sealTo } from "./blob.ts";
