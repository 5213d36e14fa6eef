/**
 * What every system that is measured looks like to the load: a server of its own, and clients that send numbered texts.
 * Users are numbers from 0; a system names them as it likes.
 */

export interface Peer {
  readonly name: string;
  readonly kind: PeerKind;
  /** Whether a sender is told that the server has its message. Without it, a send is over when its receiver has it. */
  readonly hasAcks: boolean;
  /** Whether a client that was away gets what it missed when it comes back. */
  readonly keepsMissed: boolean;
  /** What its acknowledgement and its archive are, in one sentence. */
  readonly promise: string;
  /** The version that is installed here, or why there is none and what would change that. */
  find(): Found;
  /** Starts it with nothing in it. Errors: an Error with the end of what it said when it does not listen in time. */
  start(options: StartOptions): Promise<PeerServer>;
}

/** Ours; a chat server; a broker that chats are built on; a relay that does nothing else. */
export type PeerKind = "parley" | "chat" | "broker" | "limit";

export type Found = { readonly version: string } | { readonly whySkipped: string };

export interface StartOptions {
  /** An empty directory, which the caller removes. */
  readonly directory: string;
  /** Users 0 to `users - 1` can log in. */
  readonly users: number;
  /** The processor that all its processes may use; all of them by default. */
  readonly core: number | undefined;
}

export interface PeerServer {
  /** Its main process; those that it starts are found from it. */
  readonly pid: number;
  /** What it was told, as text: its configuration file, or its command line. */
  readonly configuration: string;
  /** Logs a user in. Errors: an Error when that did not work or not in time. */
  connect(options: ConnectOptions): Promise<PeerClient>;
  /** Makes the one group, before anybody joins it. */
  makeGroup(users: readonly number[]): Promise<void>;
  /**
   * Has it give back memory that nothing uses, where it can be told to. Resolves with the bytes that it keeps nevertheless and that
   * nobody's connection holds: the young generation of its heap.
   */
  collectGarbage?(): Promise<number>;
  /** Ends it; twice is safe. */
  stop(): Promise<void>;
}

export interface ConnectOptions {
  readonly user: number;
  readonly handlers: ClientHandlers;
  /** Where it was cut; it comes as new without it. */
  readonly since?: Place;
}

/** How far a client was when it was cut; only the system that gave it knows what is in it. */
export interface Place {
  readonly [key: string]: string | number;
}

export interface ClientHandlers {
  /** The server has a message of this client. `sequence` is its place in the conversation; its number, where a system tells none. */
  readonly onAck: (number: number, sequence: number) => void;
  /** A text of somebody came. `number` is -1 when it is none of the load. */
  readonly onMessage: (number: number, sequence: number, isIntact: boolean) => void;
  /** A send was refused, or what came could not be understood. */
  readonly onFault: (what: string) => void;
}

export interface PeerClient {
  /** Makes ready to send to a user. */
  open(toUser: number): Promise<void>;
  /** Joins the group, to write and to hear. Resolves when it hears. */
  join(isWriter: boolean): Promise<void>;
  /** Sends text `number` to the user that was opened last. What is sent in one turn of the event loop leaves together. */
  send(number: number): void;
  /** The same to the group. */
  sendToGroup(number: number): void;
  /** Says that it is still there, where the server would otherwise close. */
  ping(): void;
  /** Drops the connection without a word. */
  cut(): Place;
  /** Ends it in good order, and waits for that. Twice is safe. */
  close(): Promise<void>;
}
