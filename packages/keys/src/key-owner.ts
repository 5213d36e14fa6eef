/** Who owns sealed bytes: destroying an owner's key makes them unreadable, wherever they are. */
export interface KeyOwner {
  /** The empty one is the installation itself, for what belongs to no tenant. */
  readonly tenant: string;
  /** A conversation of the tenant has a key of its own. */
  readonly conversation?: string | undefined;
}

/** The owner of what belongs to no tenant. */
export const INSTALLATION = "";
