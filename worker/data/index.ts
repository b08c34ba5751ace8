/** The data plane: what consumer, provider and challenger exchange beside the chain. Input roots are client/protocol.ts's. */
export { BlobRefused, BlobStore, digestOf, nameOf, type BlobStoreOptions } from "./store.ts";
export { serveBlobs, type BlobServer, type BlobServerOptions } from "./server.ts";
export { BlobUnavailable, fetchBlob, type FetchBlobOptions } from "./fetch.ts";
export { inputRoot } from "../../client/protocol.ts";
