import {resolve} from 'node:path';
import {runMachineProgram} from './machine/program.ts';
import {measuredBoot} from './machine/service/measured-boot.ts';

// Terraform may be gone before us: what we would tell it does not matter then.
process.stdout.on('error', () => undefined);

process.exitCode = await runMachineProgram({
	argv: process.argv.slice(2),
	env: process.env,
	program: [process.execPath, process.argv[1] ?? ''],
	boot: folder => measuredBoot(resolve(folder, 'maker.pem'), process.execPath),
	print: line => process.stdout.write(`${line}\n`),
	onEnd(stop) {
		process.on('SIGTERM', stop);
		process.on('SIGINT', stop);
	},
});
