/** The part of the client that only asks: each call is one question, or a few, and holds nothing. */
import type { Ambient } from "@parley/base";
import {
  type Body,
  type ConversationId,
  type Edit,
  type Init,
  type Member,
  type MemberField,
  type User,
  type UserId,
  textBody,
} from "@parley/protocol";
import type { ClientOptions } from "./client-options.js";
import type { ForwardOptions, ForwardSource } from "./forwarding.js";
import type { GroupCache } from "./group-cache.js";
import type { History } from "./history.js";
import type { Loaders } from "./loaders.js";
import type { LocalSearchOptions } from "./local-searching.js";
import type { ConnectionStatus, ParleyClient, PendingMessage } from "./api.js";
import type { PeopleCalls } from "./people-calls.js";
import type { FindPeopleOptions } from "./people.js";
import { type CardContent, cardJson } from "./cards.js";
import type { Media } from "./media.js";
import type { MessageStates } from "./message-states.js";
import type { Replica } from "./replica.js";
import type { Requests } from "./requests.js";
import type { FoundMessage, Searching, SearchOptions, SearchResults } from "./searching.js";
import type { LocalStorage, StorageUsage } from "./storage.js";
import { type Outgoing, outgoingOf } from "./sending.js";
import type { Timelines } from "./timelines.js";

export interface CallParts {
  readonly options: ClientOptions;
  readonly requests: Requests;
  readonly ambient: Ambient;
  readonly replica: Replica;
  readonly history: History;
  readonly groups: GroupCache;
  readonly states: MessageStates;
  readonly media: Media;
  readonly storage: LocalStorage;
  readonly timelines: Timelines;
  readonly newId: () => string;
}

export abstract class ClientCalls {
  abstract readonly self: UserId;
  abstract readonly connection: ConnectionStatus;
  readonly #loaders: Loaders;
  #people: PeopleCalls | undefined;
  #searching: Searching | undefined;
  protected abstract get calls(): CallParts;

  readonly uploadMedia: Media["uploadMedia"] = (...of) => this.calls.media.uploadMedia(...of);
  readonly sendMedia: Media["sendMedia"] = (...of) => this.calls.media.sendMedia(...of);
  readonly fetchMedia: Media["fetchMedia"] = (...of) => this.calls.media.fetchMedia(...of);
  readonly mediaUrl: Media["mediaUrl"] = (...of) => this.calls.media.mediaUrl(...of);
  readonly react: ParleyClient["react"] = async (...of) => (await this.calls.states.calls()).react(...of);
  readonly unreact: ParleyClient["unreact"] = async (...of) =>
    (await this.calls.states.calls()).unreact(...of);
  readonly reactions: ParleyClient["reactions"] = async (...of) =>
    (await this.calls.states.calls()).reactions(...of);
  readonly pin: ParleyClient["pin"] = async (...of) => (await this.calls.states.calls()).pin(...of);
  readonly unpin: ParleyClient["unpin"] = async (...of) => (await this.calls.states.calls()).unpin(...of);
  readonly pins: ParleyClient["pins"] = async (...of) => (await this.calls.states.calls()).pins(...of);
  readonly readers: ParleyClient["readers"] = async (...of) =>
    (await this.calls.states.calls()).readers(...of);
  readonly readCounts: ParleyClient["readCounts"] = async (...of) =>
    (await this.calls.states.calls()).readCounts(...of);
  readonly updateCard: ParleyClient["updateCard"] = async (...of) =>
    (await this.calls.states.calls()).updateCard(...of);
  readonly actOnCard: ParleyClient["actOnCard"] = async (...of) =>
    (await this.calls.states.calls()).actOnCard(...of);
  readonly cardActions: ParleyClient["cardActions"] = async (...of) =>
    (await this.calls.states.calls()).cardActions(...of);
  readonly usersById: ParleyClient["usersById"] = async (...of) =>
    (await this.#withPeople()).usersById(...of);
  readonly department: ParleyClient["department"] = async (...of) =>
    (await this.#withPeople()).department(...of);
  readonly profiles: ParleyClient["profiles"] = async (...of) => (await this.#withPeople()).profiles(...of);
  readonly setStatusText: ParleyClient["setStatusText"] = async (...of) =>
    (await this.#withPeople()).setStatusText(...of);
  readonly setPicture: ParleyClient["setPicture"] = async (...of) =>
    (await this.#withPeople()).setPicture(...of);
  readonly fetchPicture: ParleyClient["fetchPicture"] = async (...of) =>
    (await this.#withPeople()).fetchPicture(...of);
  readonly linkPreview: ParleyClient["linkPreview"] = async (...of) =>
    (await this.calls.states.calls()).linkPreview(...of);
  readonly readCount: ParleyClient["readCount"] = (...of) => this.calls.states.readCount(...of);
  readonly hide: ParleyClient["hide"] = async (...of) =>
    (await this.#loaders.calls()).hideMessages(this.calls.requests, ...of);
  readonly setPinned: ParleyClient["setPinned"] = async (...of) =>
    (await this.#loaders.calls()).setPinned(this.calls.requests, ...of);
  readonly mentions: ParleyClient["mentions"] = async (...of) =>
    (await this.#loaders.calls()).listMentions(this.calls.requests, ...of);
  readonly createDirect: ParleyClient["createDirect"] = async (...of) =>
    (await this.#loaders.calls()).createDirect(this.calls.requests, ...of);
  readonly users: ParleyClient["users"] = async (...of) =>
    (await this.#loaders.calls()).listUsers(this.calls.requests, ...of);
  readonly verify: ParleyClient["verify"] = async (...of) =>
    (await this.#loaders.calls()).verifyNewest(this.calls, ...of);
  readonly lookUp: ParleyClient["lookUp"] = async (...of) =>
    (await this.#loaders.calls()).lookUp(this.calls, ...of);
  readonly createGroup: ParleyClient["createGroup"] = async (...of) =>
    (await this.#loaders.calls()).createGroup(this.calls.requests, this.calls.newId(), ...of);
  readonly moduleTicket: ParleyClient["moduleTicket"] = async (...of) =>
    (await this.#loaders.calls()).moduleTicket(this.calls.options, ...of);
  readonly loadOlder: ParleyClient["loadOlder"] = (...of) => this.calls.timelines.loadOlder(...of);
  readonly loadNewer: ParleyClient["loadNewer"] = (...of) => this.calls.timelines.loadNewer(...of);
  readonly openAt: ParleyClient["openAt"] = (...of) => this.calls.timelines.openAt(...of);
  readonly close: ParleyClient["close"] = (...of) => this.calls.timelines.close(...of);

  constructor(loaders: Loaders) {
    this.#loaders = loaders;
  }

  /** Puts something into the outbox. */
  protected abstract give(conversationId: ConversationId, outgoing: Outgoing): Promise<PendingMessage>;

  async send(
    conversationId: ConversationId,
    body: Init<Body>,
    audience: readonly UserId[] = [],
  ): Promise<PendingMessage> {
    return this.give(conversationId, outgoingOf(body, audience));
  }

  async sendText(conversationId: ConversationId, text: string): Promise<PendingMessage> {
    return this.send(conversationId, textBody(text));
  }

  async sendCard(
    conversationId: ConversationId,
    content: CardContent,
    options: { readonly revision?: number; readonly audience?: readonly UserId[] } = {},
  ): Promise<PendingMessage> {
    const card = { content: cardJson(content), revision: options.revision ?? 1 };
    return this.send(conversationId, { card }, options.audience);
  }

  async forward(
    conversationId: ConversationId,
    source: ForwardSource,
    options: ForwardOptions = {},
  ): Promise<readonly PendingMessage[]> {
    const { forwardsFrom } = await this.#loaders.calls();
    const forwards = await forwardsFrom(this.calls.replica.store, source, options);
    return Promise.all(forwards.map((each) => this.give(conversationId, each)));
  }

  async edit(conversationId: ConversationId, sequence: number, text: string | Init<Body>): Promise<void> {
    return (await this.#loaders.calls()).editMessage(this.calls.requests, { conversationId, sequence }, text);
  }

  async recall(conversationId: ConversationId, sequence: number): Promise<void> {
    return (await this.#loaders.calls()).recallMessage(this.calls.requests, { conversationId, sequence });
  }

  async edits(conversationId: ConversationId, sequence: number): Promise<readonly Edit[]> {
    return (await this.#loaders.calls()).listEdits(this.calls.requests, { conversationId, sequence });
  }

  async search(options: SearchOptions, cursor = ""): Promise<SearchResults> {
    const { Searching: Late } = await this.#loaders.calls();
    return (this.#searching ??= new Late(this.calls.requests)).search(options, cursor);
  }

  async addMembers(
    conversationId: ConversationId,
    userIds: readonly UserId[],
    as: { readonly scenarioRole?: string; readonly fields?: readonly MemberField[] } = {},
  ): Promise<void> {
    return (await this.#loaders.calls()).changeMembers(this.calls.requests, conversationId, {
      ...as,
      userIds,
      isRemoval: false,
    });
  }

  async removeMembers(conversationId: ConversationId, userIds: readonly UserId[]): Promise<void> {
    return (await this.#loaders.calls()).changeMembers(this.calls.requests, conversationId, {
      userIds,
      isRemoval: true,
    });
  }

  leave(conversationId: ConversationId): Promise<void> {
    return this.removeMembers(conversationId, [this.self]);
  }

  members(conversationId: ConversationId): Promise<readonly Member[]> {
    return this.calls.groups.members(conversationId);
  }

  async *findPeople(text: string, options?: FindPeopleOptions): AsyncGenerator<readonly User[]> {
    yield* (await this.#withPeople()).findPeople(text, options);
  }

  async #withPeople(): Promise<PeopleCalls> {
    const { PeopleCalls: Late } = await this.#loaders.calls();
    return (this.#people ??= new Late({
      ...this.calls,
      isLive: () => this.connection.state === "live",
    }));
  }

  async *searchLocal(
    text: string,
    options: LocalSearchOptions = {},
  ): AsyncGenerator<readonly FoundMessage[]> {
    yield* (await this.#loaders.calls()).searchHeld(this.calls, text, options);
  }

  async storage(): Promise<StorageUsage> {
    return (await this.#loaders.calls()).measureStorage(this.calls.storage.parts);
  }
}
