import {AppError, exitCodes} from '../errors.ts';
import {chooseFrontEnd} from '../output/choose.ts';
import {createOutput, type OutputOptions} from '../output/output.ts';

/** The wizard, or in a workspace the home screen. Gives the exit code. */
export async function openHome(folder: string, options: OutputOptions): Promise<number> {
	const {stdin, stdout, env, flags} = options;
	const frontEnd = chooseFrontEnd({
		stdinIsTty: stdin.isTTY,
		stdoutIsTty: stdout.isTTY,
		env,
		...(flags === undefined ? {} : {flags}),
	});
	const output = await createOutput(options);
	if (frontEnd === 'none') {
		return output.fail(
			new AppError('There is no terminal for the wizard: name a command, such as `constellation apply --yes`.', {
				code: 'no-terminal',
				exitCode: exitCodes.usage,
			}),
		);
	}
	return output.fail(new Error(`no front end in ${folder}`));
}
