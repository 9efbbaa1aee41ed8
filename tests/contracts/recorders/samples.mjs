// Makes samples of what the types of an SDK say: arguments with every member or the required ones, and answers.
import { createRequire } from "node:module";
import { join } from "node:path";

const NOW = "2026-01-31T09:00:00Z";
const SECONDS = 1769850000;
const DEEPEST = 9;
const NAMED = 2; // arguments, and members of an argument: their values are known again in a path
export const ANY = "(any)"; // stands for a value of any kind while a request is made

/** The samples of several functions: `functions` has a TypeScript type for each name, `answers` what its answer is. */
export function samplesOf(folder, imports, functions, answers) {
  const ts = createRequire(join(folder, "package.json"))("typescript");
  const lines = Object.entries(functions).flatMap(([name, type]) => [
    `export declare const ${named(name)}: ${type};`,
    `export declare const ${named(name)}_answer: ${answers(`Awaited<ReturnType<${type}>>`, name)};`,
  ]);
  const file = join(folder, "samples.ts");
  const options = {
    module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler, target: ts.ScriptTarget.ES2022,
    strict: true, skipLibCheck: true, noEmit: true, types: [], allowSyntheticDefaultImports: true,
  };
  const host = ts.createCompilerHost(options);
  const [read, exists] = [host.getSourceFile.bind(host), host.fileExists.bind(host)];
  const text = [imports, ...lines].join("\n");
  host.fileExists = (name) => name === file || exists(name);
  host.getSourceFile = (name, ...rest) =>
    name === file ? ts.createSourceFile(name, text, ts.ScriptTarget.ES2022, true) : read(name, ...rest);
  const program = ts.createProgram([file], options, host);
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(file);
  for (const problem of program.getSemanticDiagnostics(source)) {
    throw new Error(ts.flattenDiagnosticMessageText(problem.messageText, "\n"));
  }
  const declared = new Map(checker.getExportsOfModule(checker.getSymbolAtLocation(source)).map((one) => [one.name, one]));
  const typeOf = (name, end = "") => checker.getTypeOfSymbolAtLocation(declared.get(named(name) + end), source);
  const maker = new Maker(ts, checker, source);
  return Object.fromEntries(Object.keys(functions).map((name) => {
    const signatures = typeOf(name).getCallSignatures();
    const signature = signatures[signatures.length - 1];
    return [name, {
      full: maker.arguments(signature, true),
      least: maker.arguments(signature, false),
      answer: maker.answer(typeOf(name, "_answer")),
    }];
  }));
}

function named(action) {
  return `_${action.replace(/\W/g, "_")}`;
}

class Maker {
  constructor(ts, checker, source) {
    Object.assign(this, { ts, checker, source });
  }

  /** Arguments, and for each text or number among them that is an argument itself, which it is. */
  arguments(signature, isFull) {
    this.isRequest = true;
    this.isFull = isFull;
    this.names = new Map();
    const values = [];
    for (const parameter of signature.getParameters()) {
      const declaration = parameter.valueDeclaration;
      const isOptional = declaration.questionToken !== undefined || declaration.initializer !== undefined;
      const type = this.checker.getTypeOfSymbolAtLocation(parameter, this.source);
      const isTransport = /^((Raw)?AxiosRequestConfig|RequestOptions)\b/.test(this.checker.typeToString(type));
      if (isTransport) continue;
      values.push(isOptional && !isFull ? undefined : this.make(type, parameter.name, [], 1));
    }
    return { values, names: this.names };
  }

  answer(type) {
    this.isRequest = false;
    this.isFull = true;
    return this.make(type, "answer", [], 9);
  }

  make(type, name, stack, depth) {
    const { ts } = this;
    const flags = type.flags;
    if (flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown | ts.TypeFlags.TypeParameter)) return this.isRequest ? ANY : null;
    if (flags & (ts.TypeFlags.Null | ts.TypeFlags.Undefined | ts.TypeFlags.Void | ts.TypeFlags.Never)) return null;
    const member = type.symbol?.valueDeclaration;
    if (member !== undefined && ts.isEnumMember(member) && member.initializer === undefined) return type.symbol.name;
    if (type.isStringLiteral() || type.isNumberLiteral()) return type.value;
    if (flags & ts.TypeFlags.BooleanLiteral) return this.checker.typeToString(type) === "true";
    if (type.isUnion()) return this.union(type, name, stack, depth);
    if (flags & ts.TypeFlags.EnumLike) return type.value ?? 1;
    if (flags & ts.TypeFlags.BooleanLike) return true;
    if (flags & ts.TypeFlags.NumberLike) return this.number(name, depth);
    if (flags & (ts.TypeFlags.StringLike | ts.TypeFlags.TemplateLiteral)) return this.text(name, depth);
    return this.object(type, name, stack, depth);
  }

  number(name, depth) {
    if (!this.isRequest || depth > NAMED) return /(time|_at|At|date|created)$/i.test(name) ? SECONDS : 7;
    const value = 7001 + this.names.size;
    this.names.set(String(value), name);
    return value;
  }

  text(name, depth) {
    if (/(time|_at|At|date|_on|timestamp|created|updated|since|until|_after|_before|started|ended)$/i.test(name)) return NOW;
    if (!this.isRequest || depth > NAMED) return name;
    this.names.set(`arg-${name}`, name);
    return `arg-${name}`;
  }

  union(type, name, stack, depth) {
    const { ts } = this;
    const empty = ts.TypeFlags.Null | ts.TypeFlags.Undefined | ts.TypeFlags.Void;
    const members = type.types.filter((one) => !(one.flags & empty));
    if (members.length === 0) return null;
    if (members.every((one) => one.flags & ts.TypeFlags.BooleanLiteral)) return true;
    const objects = members.filter((one) => one.flags & (ts.TypeFlags.Object | ts.TypeFlags.Intersection));
    if (objects.length === 0) {
      const kinds = new Set(members.map((one) => this.kind(one)));
      if (kinds.size > 1 && this.isRequest && depth > NAMED) return ANY;
      return this.make(members.find((one) => one.flags & ts.TypeFlags.String) ?? members[0], name, stack, depth);
    }
    if (this.isRequest && objects.length < members.length && depth > 0) {
      const plain = members.find((one) => one.flags & (ts.TypeFlags.StringLike | ts.TypeFlags.NumberLike));
      return depth > NAMED || plain === undefined ? ANY : this.make(plain, name, stack, depth);
    }
    const made = objects.map((one) => this.make(one, name, stack, depth)).filter((one) => one !== null && one !== ANY);
    const lists = made.filter(Array.isArray);
    if (lists.length > 0) return [].concat(...lists).slice(0, 12);
    return made.length > 0 && made.every((one) => one.constructor === Object)
      ? made.reduceRight((all, one) => ({ ...all, ...one }), {})
      : made[0] ?? (this.isRequest ? ANY : null);
  }

  kind(type) {
    const { ts } = this;
    if (type.flags & ts.TypeFlags.StringLike) return "text";
    return type.flags & ts.TypeFlags.NumberLike ? "number" : "boolean";
  }

  object(type, name, stack, depth) {
    const { checker } = this;
    const word = type.symbol?.name ?? "";
    if (word === "Date") return this.isRequest ? new Date(NOW) : NOW;
    if (/^(Blob|File|Uploadable|ReadStream|Buffer|Response|FileLike)$/.test(word)) {
      return this.isRequest ? new File(["Tea"], "tea.txt", { type: "text/plain" }) : null;
    }
    if (checker.isArrayType(type) || checker.isTupleType(type)) {
      const inner = checker.getTypeArguments(type)[0];
      const made = inner === undefined ? null : this.make(inner, name, stack, depth + 1);
      return made === null ? [] : [made];
    }
    if (stack.includes(type) || stack.length > DEEPEST) return this.isRequest ? ANY : null;
    if (type.getCallSignatures().length > 0) return null;
    const made = {};
    for (const property of checker.getPropertiesOfType(type)) {
      const isOptional = property.flags & this.ts.SymbolFlags.Optional;
      if (isOptional && !this.isFull) continue;
      const inner = checker.getTypeOfSymbolAtLocation(property, this.source);
      if (checker.getNonNullableType(inner).getCallSignatures().length > 0 || /^[_#]/.test(property.name)) continue;
      made[property.name] = this.make(inner, property.name, [...stack, type], depth + 1);
    }
    return made;
  }
}
