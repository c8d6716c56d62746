import {AppError, exitCodes} from '../errors.ts';
import {cloudPlace} from '../flows/cloud/status.ts';
import {applyScale, planScale, undoScale} from '../flows/scale.ts';
import {withExisting} from '../flows/session.ts';
import {requireRunning} from '../flows/status.ts';
import {refuseBesideUpgrade} from '../flows/upgrade/beside.ts';
import {agree} from './consent.ts';
import {type CommandModule, numberFlag} from './types.ts';

export const scale: CommandModule = async (context, input) => {
	const [controlPlanes, workers] = [numberFlag(input, 'control-planes'), numberFlag(input, 'workers')];
	if (controlPlanes === undefined && workers === undefined) {
		throw new AppError('scale needs a number of nodes.', {
			code: 'usage',
			exitCode: exitCodes.usage,
			next: ['constellation scale --workers 3   is an example'],
		});
	}
	return withExisting(context, 'scale', async deps => {
		const sizes = {...(controlPlanes === undefined ? {} : {controlPlanes}), ...(workers === undefined ? {} : {workers})};
		const place = await cloudPlace(deps.workspace);
		if (place !== undefined) {
			const {scaleOnCloud} = await import('./cloud-groups.ts');
			return scaleOnCloud(context, place, sizes);
		}
		await requireRunning(deps);
		await refuseBesideUpgrade(deps);
		const {planned, before} = await context.output.run('Planning', signal => planScale(deps, sizes, signal), {
			expected: ['preflight', 'plan'],
		});
		try {
			if (!planned.plan.empty) await agree(context, 'Scale the cluster? Workloads of removed nodes end.');
		} catch (error) {
			await undoScale(deps, before);
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
