/** What a business module asks for with an event of its own: the service interprets nothing of it. */
export interface ModulePush {
  /** "alert" shows its title and text; "data" passes its bytes through and shows nothing. */
  readonly push: "none" | "alert" | "data";
  readonly title: string;
  readonly text: string;
  /** Empty: it takes the place of nothing. */
  readonly collapseKey: string;
  readonly data: Uint8Array;
}
