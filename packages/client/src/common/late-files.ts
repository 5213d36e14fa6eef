/** What is fetched when a file is first sent or read. */
export { download } from "./download.js";
export { UploadTransfer } from "./upload-transfer.js";
