import {AppError, exitCodes} from '../../errors.ts';
import type {UpgradeFailure} from '../../kubernetes/upgrade-annotations.ts';
import type {RollEntry} from './roll.ts';

const steps: Readonly<Record<UpgradeFailure['step'], string>> = {
	create: 'its machine was not made',
	attest: 'its evidence was refused',
	ready: 'it did not become ready',
	drain: 'it was not emptied',
	remove: 'its machine was not removed',
};

/** The first failure stops the roll to `image`; nothing that serves was taken away for it. */
export function stopped(
	{node, donor, step, message, expected, actual}: UpgradeFailure,
	image: string,
	roll: ReadonlyMap<string, Pick<RollEntry, 'node' | 'state'>>,
): AppError {
	const isMachine = step === 'create' || step === 'remove';
	const values = expected === undefined ? '' : `: expected ${expected}, got ${actual ?? 'nothing'}`;
	const serving = [...roll.values()].filter(({state}) => state === 'current' || state === 'outdated' || state === 'replacing');
	return new AppError(`The upgrade stopped at ${node}: ${message}`, {
		code: 'upgrade-stopped',
		exitCode: step === 'attest' ? exitCodes.refused : isMachine ? exitCodes.infrastructure : exitCodes.cluster,
		problems: [
			{path: node, message: `${steps[step]}${values}`},
			{path: 'still serving', message: serving.map(each => each.node).join(', ') || 'nobody'},
		],
		next: [
			...(donor === undefined ? [] : [`${donor} was not taken away: it goes on serving.`]),
			...(step === 'attest' ? [`constellation image check ${image}   tells whether the image here is what was signed`] : []),
			'constellation upgrade continue   tries that node again, once its cause is removed',
			'constellation upgrade abort      goes back, or leaves the cluster as it is',
		],
		details: {state: 'stopped', node, step},
	});
}
