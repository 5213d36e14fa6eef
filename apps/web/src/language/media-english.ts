/** The English words about files. */
export const MEDIA_ENGLISH = {
  photo: "Photo",
  video: "Video",
  audio: "Audio",
  file: "File",
  /** Of a message in one line. */
  withWords: (what: string, words: string): string => `${what}: ${words}`,

  attach: "Attach files",
  toSend: "Files to send",
  dropHere: "Drop files here to attach them",
  remove: (name: string): string => `Remove ${name}`,
  retryUpload: (name: string): string => `Upload ${name} again`,
  queued: "Waits its turn",
  uploaded: (percent: number, size: string): string => `${percent}% of ${size}`,
  waiting: "Waits for the connection",
  ready: "Ready",
  sendsWhenReady: "Sent as soon as it is uploaded",
  tooMany: (count: number): string => `At most ${count} files at a time.`,
  empty: "An empty file cannot be sent.",
  folder: "A folder cannot be sent. Choose the files in it.",

  openPicture: (name: string): string => `Open picture ${name}`,
  play: "Play",
  save: (name: string): string => `Save ${name}`,
  loading: (percent: number): string => `Loading, ${percent}%`,
  viewer: "Picture",
  previous: "Previous picture",
  next: "Next picture",
  position: (at: number, count: number): string => `${at} of ${count}`,
};
