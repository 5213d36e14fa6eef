/** A style sheet whose class names are its own; `class-names.test.ts` holds that every name used is there. */
declare module "*.module.css" {
  const classes: Readonly<Record<string, string>>;
  export default classes;
}
