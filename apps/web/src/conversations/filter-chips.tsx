import type { JSX } from "react";
import { useStrings } from "../preferences/preferences-context.js";
import styles from "./conversation-list.module.css";
import { LIST_FILTERS, type ListFilter } from "./list-filter.js";

/** What of the list is to be shown. */
export function FilterChips(props: {
  readonly filter: ListFilter;
  readonly onChange: (filter: ListFilter) => void;
}): JSX.Element {
  const { filter, onChange } = props;
  const words = useStrings().list;
  return (
    <div className={styles.chips} role="group" aria-label={words.filter}>
      {LIST_FILTERS.map((each) => (
        <button key={each} type="button" aria-pressed={each === filter} onClick={() => onChange(each)}>
          {words.filters[each]}
        </button>
      ))}
    </div>
  );
}
