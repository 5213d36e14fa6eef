export { simulatedFiles } from "./simulated-files.js";
