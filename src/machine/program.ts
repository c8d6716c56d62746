import {resolve} from 'node:path';
import {parseArgs} from 'node:util';
import {type CtlDeps, groupApply, groupDelete, halt, start, stop} from './service/ctl.ts';
import {Refused} from './service/refused.ts';
import {startService} from './service/serve.ts';
import type {Boot} from './service/types.ts';

export type ProgramDeps = {
	argv: readonly string[];
	env: NodeJS.ProcessEnv;
	/** Runtime and file of this program, to start it again. */
	program: readonly [string, ...string[]];
	/** Made only when machines are to be booted. */
	boot(folder: string): Boot;
	print(line: string): void;
	/** Calls `stop` when the process is asked to end. */
	onEnd(stop: () => void): void;
};

const usage = `usage: machine serve --folder FOLDER
       machine ctl start|halt|stop --folder FOLDER
       machine ctl group-apply|group-delete NAME --folder FOLDER
The description of what to start or make is read from the environment: CONSTELLATION_SPEC (JSON, no secret).`;

/** The program machine.mjs: the machine service of one cluster, and what Terraform runs to start and stop it. Gives the exit code. */
export const runMachineProgram = async (deps: ProgramDeps): Promise<number> => {
	const [command, ...rest] = deps.argv;
	const {values, positionals} = parseArgs({
		args: rest,
		options: {folder: {type: 'string'}},
		allowPositionals: true,
		strict: true,
	});
	if (process.platform === 'win32') {
		deps.print('the local provider runs on Linux and macOS; on Windows use it inside WSL2');
		return 3;
	}
	if (values.folder === undefined) {
		deps.print(usage);
		return 2;
	}
	const folder = resolve(values.folder);
	try {
		if (command === 'serve') {
			const service = await startService(folder, deps.boot(folder));
			deps.onEnd(() => void service.stop());
			await service.ended;
			return 0;
		}
		if (command === 'ctl')
			return await control({folder, program: deps.program, print: line => deps.print(line)}, positionals, deps.env);
		deps.print(usage);
		return 2;
	} catch (error) {
		deps.print(error instanceof Error ? error.message : String(error));
		return error instanceof Refused && error.status < 500 ? 3 : 4;
	}
};

const control = async (ctl: CtlDeps, [verb, name]: string[], env: NodeJS.ProcessEnv): Promise<number> => {
	const given = env.CONSTELLATION_SPEC === undefined ? undefined : (JSON.parse(env.CONSTELLATION_SPEC) as unknown);
	if (verb === 'start') await start(ctl, given);
	else if (verb === 'halt') await halt(ctl);
	else if (verb === 'stop') await stop(ctl);
	else if (verb === 'group-apply' && name !== undefined) await groupApply(ctl, name, given);
	else if (verb === 'group-delete' && name !== undefined) await groupDelete(ctl, name);
	else {
		ctl.print(usage);
		return 2;
	}
	return 0;
};
