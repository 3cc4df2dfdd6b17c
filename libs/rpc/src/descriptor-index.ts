import {
  type DescExtension,
  type DescFile,
  type DescMessage,
  FileDescriptorProtoSchema,
  toBinary,
} from '@nova/proto/runtime';

/** Finds files by name, by the symbols they declare and by the extensions they declare. */
export class DescriptorIndex {
  readonly #byName = new Map<string, DescFile>();
  readonly #bySymbol = new Map<string, DescFile>();
  readonly #extensions = new Map<string, Map<number, DescFile>>();
  readonly #encoded = new Map<DescFile, Uint8Array>();

  /** Indexes `files` and everything that they import. */
  constructor(files: readonly DescFile[]) {
    for (const file of files.flatMap((one) => this.withImports(one))) {
      if (this.#byName.has(file.proto.name)) continue;
      this.#byName.set(file.proto.name, file);
      this.#indexFile(file);
    }
  }

  fileNamed(name: string): DescFile | undefined {
    return this.#byName.get(name);
  }

  /** Symbols are services, methods, messages, fields, oneofs, enums, values and extensions. */
  fileOfSymbol(symbol: string): DescFile | undefined {
    return this.#bySymbol.get(symbol.replace(/^\./, ''));
  }

  fileOfExtension(typeName: string, number: number): DescFile | undefined {
    return this.#extensions.get(typeName.replace(/^\./, ''))?.get(number);
  }

  /** Numbers of the known extensions of a message; undefined when there is no such message. */
  extensionNumbers(typeName: string): readonly number[] | undefined {
    const name = typeName.replace(/^\./, '');
    const known = this.#extensions.get(name);
    if (known !== undefined) return [...known.keys()].sort((a, b) => a - b);
    return this.#bySymbol.has(name) ? [] : undefined;
  }

  /** A file and all that it imports, imports after the files that need them. */
  withImports(file: DescFile): readonly DescFile[] {
    const found = new Set<DescFile>();
    const visit = (one: DescFile) => {
      if (found.has(one)) return;
      found.add(one);
      one.dependencies.forEach(visit);
    };
    visit(file);
    return [...found];
  }

  /** The file as bytes, custom options included. */
  encoded(file: DescFile): Uint8Array {
    let bytes = this.#encoded.get(file);
    bytes ??= toBinary(FileDescriptorProtoSchema, file.proto);
    this.#encoded.set(file, bytes);
    return bytes;
  }

  #indexFile(file: DescFile): void {
    const add = (symbol: string) => this.#bySymbol.set(symbol, file);
    for (const service of file.services) {
      add(service.typeName);
      for (const method of service.methods) add(`${service.typeName}.${method.name}`);
    }
    for (const declared of file.enums) this.#indexEnum(file, declared);
    for (const extension of file.extensions) this.#indexExtension(file, extension);
    for (const message of file.messages) this.#indexMessage(file, message);
  }

  #indexMessage(file: DescFile, message: DescMessage): void {
    const add = (symbol: string) => this.#bySymbol.set(symbol, file);
    add(message.typeName);
    for (const field of message.fields) add(`${message.typeName}.${field.name}`);
    for (const oneof of message.oneofs) add(`${message.typeName}.${oneof.name}`);
    for (const declared of message.nestedEnums) this.#indexEnum(file, declared);
    for (const extension of message.nestedExtensions) this.#indexExtension(file, extension);
    for (const nested of message.nestedMessages) this.#indexMessage(file, nested);
  }

  #indexEnum(file: DescFile, declared: DescFile['enums'][number]): void {
    this.#bySymbol.set(declared.typeName, file);
    // Values live in the scope that encloses their enum.
    const scope = declared.typeName.slice(0, declared.typeName.lastIndexOf('.') + 1);
    for (const value of declared.values) this.#bySymbol.set(`${scope}${value.name}`, file);
  }

  #indexExtension(file: DescFile, extension: DescExtension): void {
    this.#bySymbol.set(extension.typeName, file);
    const extended = extension.extendee.typeName;
    const known = this.#extensions.get(extended) ?? new Map<number, DescFile>();
    known.set(extension.number, file);
    this.#extensions.set(extended, known);
  }
}
