import { Component, type ReactNode } from "react";

interface CardBoundaryProps {
  /** Another content is drawn anew. */
  readonly content: string;
  readonly children: ReactNode;
  /** Stands there when the card broke. */
  readonly otherwise: (error: unknown) => ReactNode;
}

interface CardBoundaryState {
  readonly broken: { readonly error: unknown } | undefined;
  readonly content: string;
}

/** A card that breaks the renderer, or a renderer that cannot be loaded, takes nothing else with it. */
export class CardBoundary extends Component<CardBoundaryProps, CardBoundaryState> {
  override state: CardBoundaryState = { broken: undefined, content: this.props.content };

  static getDerivedStateFromError(error: unknown): Partial<CardBoundaryState> {
    return { broken: { error } };
  }

  static getDerivedStateFromProps(
    { content }: CardBoundaryProps,
    state: CardBoundaryState,
  ): Partial<CardBoundaryState> | null {
    return content === state.content ? null : { broken: undefined, content };
  }

  override render(): ReactNode {
    const { broken } = this.state;
    return broken === undefined ? this.props.children : this.props.otherwise(broken.error);
  }
}
