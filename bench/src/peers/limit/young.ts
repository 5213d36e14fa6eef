/** After SIGUSR2 the limit has collected its garbage, and the bytes of its young generation stand in a file of its messages' name and this. */
export const YOUNG_SUFFIX = ".young";
