export { SimulatedDisk, type DiskFault, type DiskFaults, type DiskOperation } from "./simulated-disk.js";
