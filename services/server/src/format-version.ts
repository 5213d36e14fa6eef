/** The format of the data directories that this server makes and opens. */
export const FORMAT_VERSION = 2;
