export { testCertificate, type TestCertificate } from "./certificate.js";
