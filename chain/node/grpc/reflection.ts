/** gRPC server reflection (v1 and v1alpha) over the contracts of this release: what grpcurl and hermes ask first. */
import { BinaryReader } from "@bufbuild/protobuf/wire";
import type { Server } from "@grpc/grpc-js";
import { ReflectionService } from "@grpc/reflection";
import { imageBytes } from "../../codec/descriptors.ts";

/** The files of a FileDescriptorSet, each as its bytes. */
export function filesOf(image: Uint8Array): Buffer[] {
  const reader = new BinaryReader(image);
  const files: Buffer[] = [];
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === 1) files.push(Buffer.from(reader.bytes()));
    else reader.skip(wireType, field);
  }
  return files;
}

/** Adds reflection that lists these services. */
export function addReflection(server: Server, services: readonly string[]): void {
  // The library reads nothing but the files of a package definition.
  const definition = { image: { fileDescriptorProtos: filesOf(imageBytes) } } as unknown as ConstructorParameters<typeof ReflectionService>[0];
  new ReflectionService(definition, { services: [...services] }).addToServer(server);
}
