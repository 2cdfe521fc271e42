/** A Node-API addon imported `with { type: "file" }` is the path of the embedded file. */
declare module "*.node" {
  const path: string;
  export default path;
}
