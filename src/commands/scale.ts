import {type SizeWishes, sizeQuestion} from '../config/group-sizes.ts';
import {parseConfig} from '../config/load.ts';
import {AppError, exitCodes} from '../errors.ts';
import {cloudPlace} from '../flows/cloud/status.ts';
import {restoreConfig} from '../flows/config-file.ts';
import {applyScale, planScale} from '../flows/scale.ts';
import {withExisting} from '../flows/session.ts';
import {requireRunning} from '../flows/status.ts';
import {refuseBesideUpgrade} from '../flows/upgrade/beside.ts';
import {agree} from './consent.ts';
import {type CommandInput, type CommandModule, numberFlag, textFlag} from './types.ts';

export const scale: CommandModule = async (context, input) => {
	const wishes = wishesFrom(input);
	return withExisting(context, 'scale', async deps => {
		const place = await cloudPlace(deps.workspace);
		if (place !== undefined) {
			const {scaleOnCloud} = await import('./cloud-groups.ts');
			return scaleOnCloud(context, place, wishes);
		}
		await requireRunning(deps);
		await refuseBesideUpgrade(deps);
		const {planned, before} = await context.output.run('Planning', signal => planScale(deps, wishes, signal), {
			expected: ['preflight', 'plan'],
		});
		try {
			if (!planned.plan.empty) await agree(context, sizeQuestion(parseConfig(before), planned.prepared.config));
		} catch (error) {
			await restoreConfig(deps.workspace, before);
			throw error;
		}
		const {nodes, removed} = await context.output.run('Scaling', signal => applyScale(deps, planned, signal), {
			expected: ['machines', 'nodes'],
		});
		return {
			command: 'scale',
			data: {nodes, removed},
			lines: [`${nodes.length} nodes are ready.`, ...(removed.length === 0 ? [] : [`removed: ${removed.join(', ')}`])],
		};
	});
};

function wishesFrom(input: CommandInput): SizeWishes {
	const [controlPlanes, workers, nodes] = ['control-planes', 'workers', 'nodes'].map(name => numberFlag(input, name));
	const name = textFlag(input, 'group');
	if ((name === undefined) !== (nodes === undefined)) throw usage('--group and --nodes belong together.');
	if (controlPlanes === undefined && workers === undefined && name === undefined) throw usage('scale needs a number of nodes.');
	return {
		...(controlPlanes === undefined ? {} : {controlPlanes}),
		...(workers === undefined ? {} : {workers}),
		...(name === undefined || nodes === undefined ? {} : {group: {name, nodes}}),
	};
}

const usage = (message: string): AppError =>
	new AppError(message, {
		code: 'usage',
		exitCode: exitCodes.usage,
		next: [
			'constellation scale --workers 3   is an example',
			'constellation scale --group batch --nodes 3   is one for a group of your own',
		],
	});
