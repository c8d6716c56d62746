import {AppError, exitCodes} from '../errors.ts';
import {cloudPlace} from '../flows/cloud/status.ts';
import {openOriginal} from '../flows/original/open.ts';
import {openWorkspace} from '../flows/session.ts';
import {type ClusterStatus, clusterStatus, machinesGone, stopped} from '../flows/status.ts';
import {rehearsalSentence} from '../summary.ts';
import {oneLine} from '../text.ts';
import type {CommandModule} from './types.ts';

export const status: CommandModule = async context => {
	const original = await openOriginal(context.folder);
	if (original !== undefined) {
		const {statusOfOriginal} = await import('./original.ts');
		return statusOfOriginal(context, original);
	}
	const deps = await openWorkspace(context);
	const place = await cloudPlace(deps.workspace);
	if (place !== undefined) {
		const {statusOfCloud} = await import('./cloud-groups.ts');
		return statusOfCloud(context, place);
	}
	const found = await clusterStatus(deps);
	const lines = statusLines(found);
	const isGone = found.machines.length === 0 && found.clusterId !== '';
	if (found.state === 'stopped') throw withStatus(isGone ? machinesGone() : stopped(), found, lines);
	if (found.state === 'unreachable') throw withStatus(unreachable(), found, lines);
	return {command: 'status', data: {...found}, lines};
};

/** The state is told even where the exit code says that nobody answered. */
function withStatus(error: AppError, found: ClusterStatus, lines: readonly string[]): AppError {
	const {message, code, exitCode, next} = error;
	return new AppError(message, {code, exitCode, next, report: lines, details: {...found}});
}

function unreachable(): AppError {
	return new AppError('The machines run, but the Kubernetes API does not answer.', {
		code: 'cluster-unreachable',
		exitCode: exitCodes.unreachable,
		next: ['constellation recover   helps nodes that wait for the master secret', 'constellation doctor    looks for causes'],
	});
}

function statusLines(found: ClusterStatus): string[] {
	const {name, state, machines, nodes, holder} = found;
	const ready = nodes.filter(node => node.ready).length;
	const width = Math.max(4, ...machines.map(machine => machine.name.length));
	return [
		`${name}: ${state}${nodes.length === 0 ? '' : `, ${ready} of ${machines.length} nodes ready`}`,
		rehearsalSentence,
		'',
		machines.length === 0 ? 'no machines' : `${'node'.padEnd(width)}  role           machine   kubernetes`,
		...machines.map(machine => {
			const node = nodes.find(each => each.name === machine.name);
			const kubernetes = node === undefined ? 'unknown' : `${node.ready ? 'Ready' : 'NotReady'} ${node.version ?? ''}`.trim();
			return `${machine.name.padEnd(width)}  ${machine.role.padEnd(13)}  ${machine.state.padEnd(8)}  ${kubernetes}`;
		}),
		'',
		`image          ${found.image}`,
		`kubernetes     ${found.kubernetesVersion}`,
		`cluster ID     ${found.clusterId === '' ? 'not initialised' : found.clusterId}`,
		...(found.endpoint === '' ? [] : [`endpoint       ${found.endpoint}`]),
		`master secret  ${found.masterSecret.file ? 'in the workspace' : 'not in the workspace'}, copy ${found.masterSecret.copyConfirmed ? 'confirmed' : 'not confirmed'}`,
		...(found.upgrade === undefined ? [] : upgradeLines(found.upgrade)),
		...(state === 'created' ? ['next           constellation apply   goes on from here'] : []),
		...(state === 'degraded' ? ['next           constellation apply   starts machines that are off, waits for the others'] : []),
		...(holder === undefined ? [] : [`busy           \`${holder.command}\`, process ${holder.pid}, since ${holder.since}`]),
	];
}

function upgradeLines({image, state, detail, left}: NonNullable<ClusterStatus['upgrade']>): string[] {
	return [
		`upgrade        to ${image}: ${state}${detail === undefined ? '' : `, ${oneLine(detail)}`}`,
		...(left.length === 0 ? [] : [`               still to be replaced: ${left.join(', ')}`]),
		...(state === 'replacing' ? [] : ['next           constellation upgrade continue   goes on; upgrade abort ends it']),
	];
}
