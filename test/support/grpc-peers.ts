/** gRPC servers and clients of @grpc/grpc-js with one service of all four kinds of calls; messages are plain text. */
import {
  type Client,
  type ClientDuplexStream,
  type ClientOptions,
  type ClientReadableStream,
  type ClientUnaryCall,
  type ClientWritableStream,
  credentials,
  makeGenericClientConstructor,
  Metadata,
  type MetadataValue,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type ServiceError,
  type status,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";

const text = (value: string): Buffer => Buffer.from(value);
const untext = (bytes: Buffer): string => bytes.toString();

function method(path: string, requestStream: boolean, responseStream: boolean): ServiceDefinition[string] {
  return {
    path: `/test.Words/${path}`,
    requestStream,
    responseStream,
    requestSerialize: text,
    requestDeserialize: untext,
    responseSerialize: text,
    responseDeserialize: untext,
  };
}

const words: ServiceDefinition = {
  unary: method("Unary", false, false),
  collect: method("Collect", true, false),
  spread: method("Spread", false, true),
  chat: method("Chat", true, true),
};

type Callback = (error: ServiceError | null, value?: string) => void;

export interface WordsClient extends Client {
  unary(message: string, metadata: Metadata, options: object, callback: Callback): ClientUnaryCall;
  collect(metadata: Metadata, options: object, callback: Callback): ClientWritableStream<string>;
  spread(message: string, metadata?: Metadata, options?: object): ClientReadableStream<string>;
  chat(metadata?: Metadata, options?: object): ClientDuplexStream<string, string>;
}

const Words = makeGenericClientConstructor(words, "test.Words");

export function wordsClient(port: number, options: Partial<ClientOptions> = {}): WordsClient {
  return new Words(`127.0.0.1:${port}`, credentials.createInsecure(), {
    // The client's own retries would hide the balancer's.
    "grpc.enable_retries": 0,
    ...options,
  }) as unknown as WordsClient;
}

export interface WordsServer {
  readonly port: number;
  readonly server: Server;
}

export async function startWords(implementation: UntypedServiceImplementation): Promise<WordsServer> {
  const server = new Server();
  server.addService(words, implementation);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return { port, server };
}

export interface CallResult {
  readonly value: string;
  /** 0 for OK. */
  readonly code: status;
  readonly details: string;
  readonly metadata: Readonly<Record<string, MetadataValue>>;
  readonly trailers: Readonly<Record<string, MetadataValue>>;
}

/** One unary call, whatever becomes of it. */
export async function callUnary(
  client: WordsClient,
  message: string,
  options: object = {},
  metadata = new Metadata(),
): Promise<CallResult> {
  return new Promise((resolve) => {
    let head: Record<string, MetadataValue> = {};
    let value = "";
    const call = client.unary(message, metadata, options, (_error, answer) => (value = answer ?? ""));
    call.on("metadata", (fields: Metadata) => (head = fields.getMap()));
    call.on("status", ({ code, details, metadata: tail }) =>
      // The answer is told just before or just after.
      setImmediate(() => resolve({ value, code, details, metadata: head, trailers: tail.getMap() })),
    );
  });
}
