// The `vouchsafe` command's entry: hands the process over to the program and keeps its exit code.
import { runProgram } from './program.js';
import { processIo } from './terminal/io.js';

process.exitCode = await runProgram(process.argv.slice(2), processIo());
