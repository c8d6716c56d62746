import path from 'node:path';
import process from 'node:process';
import {crashReporter} from './commands/crash-report.ts';
import {loadCommand} from './commands/load.ts';
import {parseCommandLine, type Request} from './commands/program.ts';
import {createOutput, type OutputOptions} from './output/output.ts';

/** Runs one command line. The only place that sets the exit code of the process. */
export async function main(words: readonly string[]): Promise<void> {
	// React looks at this when it is loaded.
	process.env['NODE_ENV'] ??= 'production';
	// Warnings of Node and of libraries are for developers, and would run through the screen.
	process.removeAllListeners('warning');
	// A reader that goes away (`| head`) ends the program quietly, as it ends any other.
	process.stdout.on('error', (error: NodeJS.ErrnoException) => {
		if (error.code !== 'EPIPE') throw error;
		process.exit(0);
	});
	const surroundings: OutputOptions = {
		stdin: process.stdin,
		stdout: process.stdout,
		stderr: process.stderr,
		env: process.env,
		platform: process.platform,
		signals: process,
		now: Date.now,
		// The second request to stop: work that does not end by itself is left as it is.
		exitNow: code => process.exit(code),
		crashReport: crashReporter(),
		// Known before the command line is read, so that its errors are told in the way that was asked for.
		flags: {json: words.includes('--json'), plain: words.includes('--plain')},
	};
	try {
		const request = parseCommandLine(words, process.env, text => process.stdout.write(text));
		process.exitCode = request === undefined ? 0 : await run(request, surroundings);
	} catch (error) {
		process.exitCode = (await createOutput(surroundings)).fail(error);
	}
}

async function run({command, input, folder, flags}: Request, surroundings: OutputOptions): Promise<number> {
	const options = {...surroundings, flags};
	const place = path.resolve(folder);
	if (command === undefined) {
		const {openHome} = await import('./commands/home.ts');
		return openHome(place, options, loadCommand);
	}
	const output = await createOutput(options);
	try {
		const run = await loadCommand(command.name);
		output.result(await run({output, surroundings: options, folder: place, yes: flags.yes, env: surroundings.env}, input));
		return 0;
	} catch (error) {
		return output.fail(error);
	}
}
