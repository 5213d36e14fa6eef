/** The people of the organisation, as applications use them. */
import type { ConversationId, DepartmentEntry, Profile, User, UserId } from "@parley/protocol";
import type { FetchedMedia } from "./media-api.js";

/** Where to look, and how many to find. */
export interface FindPeopleOptions {
  /** Only its members. */
  readonly conversationId?: ConversationId;
  /** 1 to FOUND_PEOPLE_MAX, which is the default. */
  readonly limit?: number;
}

/** Which of the people of a department. */
export interface DepartmentOptions {
  /** Those after this one: `next` of the page before. */
  readonly after?: UserId | "";
  /** 1 to DEPARTMENT_PAGE_MAX, which is the default. */
  readonly limit?: number;
}

/** What lies in a department. */
export interface DepartmentPage {
  /** The departments right below it by name, at most DEPARTMENTS_LISTED_MAX, with how many people they and those below them have; on the first page. */
  readonly departments: readonly DepartmentEntry[];
  /** The people whose department is exactly this one, by name; of the top those who are in none. */
  readonly users: readonly User[];
  /** `after` of the next page; empty on the last one. */
  readonly next: UserId | "";
}

/** The part of the client that is about people. */
export interface ClientPeople {
  /**
   * People by the beginning of a word of their name, or of their id, without accents, the best first: for `for await`. First those
   * whom this device has heard of, at once; then, when there is a connection, the server's answer, which stands for itself. Errors:
   * "bad-request", "not-a-member"; those of a request.
   */
  findPeople(text: string, options?: FindPeopleOptions): AsyncIterable<readonly User[]>;
  /** Exactly these people, in their order, without those that there are not. Errors: those of a request. Cost: a request for each 200. */
  usersById(userIds: readonly UserId[]): Promise<readonly User[]>;
  /** What is known of these people, in their order, without those that there are not. As `usersById`, a request for each 100. */
  profiles(userIds: readonly UserId[]): Promise<readonly Profile[]>;
  /**
   * What lies in a department such as "Engineering/Platform", empty for the top; nothing where there is none. Errors: "bad-request";
   * those of a request.
   */
  department(path: string, options?: DepartmentOptions): Promise<DepartmentPage>;
  /** Says something of now, for all to see: at most STATUS_CHARACTERS_MAX characters in one line; empty for nothing. Errors: "bad-request". */
  setStatusText(statusText: string): Promise<void>;
  /**
   * Sets my picture, a JPEG, PNG or WebP file of at most PICTURE_BYTES_MAX bytes, or takes it away. Resolves with its version, 0 for
   * none. Errors: "bad-request", "media-refused", "unavailable".
   */
  setPicture(picture: Uint8Array | undefined): Promise<number>;
  /** The picture of somebody; undefined when there is none. Errors: "unavailable". */
  fetchPicture(userId: UserId): Promise<FetchedMedia | undefined>;
}
