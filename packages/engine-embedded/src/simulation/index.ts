export type { FileOps, SegmentFile } from "../journal/files.js";
export { SimulatedDisk, type DiskFault, type DiskFaults, type DiskOperation } from "./simulated-disk.js";
