import {existsSync} from 'node:fs';
import {connectCloud} from '../flows/cloud/connect.ts';
import {applyInfrastructure, noNodeImage, planInfrastructure} from '../flows/cloud/create.ts';
import {type CloudCluster, findCloudCluster, madeOutside, terminateInfrastructure} from '../flows/cloud/terminate.ts';
import {cloudDependencies} from '../flows/cloud-provider.ts';
import {adminKube} from '../flows/cluster.ts';
import {fileNames, withLock} from '../flows/session.ts';
import type {Result} from '../output/output.ts';
import {count} from '../text.ts';
import {agree, agreeByName} from './consent.ts';
import {settle} from './settle.ts';
import {type CommandContext, type CommandInput} from './types.ts';

/** `apply` and `create` for configs of clouds where nobody is asked: pre-flight, plan, consent, infrastructure. Until there is a node image that is all. */
export function applyOnCloud(context: CommandContext, input: CommandInput, command: 'apply' | 'create'): Promise<Result> {
	return withLock(context, command, async base => {
		await settle(base, input);
		const deps = cloudDependencies(base, {...context.env});
		const planned = await context.output.run('Planning', signal => planInfrastructure(deps, signal), {
			expected: ['preflight', 'plan'],
		});
		const {plan, cloud} = planned;
		if (!plan.empty) {
			const numbers = `create ${plan.create}, change ${plan.update} and destroy ${plan.destroy}`;
			await agree(context, `Terraform will ${numbers} resources in ${cloud.title}. Go on?`);
		}
		const made = await context.output.run('Creating', signal => applyInfrastructure(deps, planned, signal), {
			expected: ['machines'],
		});
		if (command === 'apply' || made.image === '') throw noNodeImage(made, cloud);
		const {uid, ip} = made.ids;
		return {command, data: {uid, ip, endpoints: made.endpoints}, lines: [`The machines exist at ${ip}.`]};
	});
}

/** `terminate` for clusters on clouds. */
export function terminateOnCloud(context: CommandContext): Promise<Result> {
	return withLock(context, 'terminate', async base => {
		const existing = await findCloudCluster(base.workspace);
		if (existing === undefined) throw new TypeError('the cluster went away while it was looked at');
		const {env, folder} = context;
		const made = await madeOutside(existing, {
			kube: () => adminKube(base).then(({kube}) => kube),
			cloud: config => connectCloud(config, {env, folder}),
		});
		if (context.output.kind !== 'json')
			for (const line of aboutRemoval(existing, made)) context.surroundings.stderr.write(`${line}\n`);
		const {name, cloud, contents, foreign} = existing;
		const what = `${count(contents.total, 'resource')} of ${name} in ${cloud.title}`;
		await agreeByName(context, name, `This removes ${what}, state disks included. It cannot be undone.`);
		const deps = cloudDependencies(base, {...context.env});
		const removed = await context.output.run('Terminating', signal => terminateInfrastructure(deps, existing, signal), {
			expected: ['destroy'],
		});
		const kept = (['config', 'masterSecret'] as const)
			.filter(each => existsSync(base.workspace.path(each)))
			.map(each => fileNames[each]);
		return {
			command: 'terminate',
			data: {removed, kept, resources: contents.types, foreign, madeByKubernetes: made ?? null},
			lines: [
				`Removed: ${removed.join(', ')}.`,
				`Kept: ${[...kept, 'identities, if \`constellation iam\` made them'].join(', ')}.`,
				'Terraform knows of nothing that is left. What Kubernetes made outside it was not removed:',
				...(made ?? []).map(each => `  ${each}`),
				...foreign.map(({what: things, command}) => `  ${things}: ${command}`),
			],
		};
	});
}

/** What goes, and what does not. */
function aboutRemoval({cloud, contents, foreign, name}: CloudCluster, made: readonly string[] | undefined): string[] {
	return [
		`${name} in ${cloud.title}:`,
		...contents.types.map(({type, count: number}) => {
			const words = cloud.words[type];
			return `  ${words === undefined ? `${number} ${type}` : count(number, words.name, words.plural)}`;
		}),
		...outsideLines(made),
		...foreign.map(({what, command}) => `  ${what}: ${command}`),
	];
}

function outsideLines(made: readonly string[] | undefined): string[] {
	if (made === undefined)
		return ['What Kubernetes made outside Terraform cannot be asked for from here. It stays and costs money; it is found with:'];
	if (made.length === 0) return ['Nothing is known that Kubernetes made outside Terraform. Whether that is so:'];
	const lines = made.map(each => `  ${each}`);
	return ['Kubernetes made these outside Terraform; they stay and cost money. Delete their objects first:', ...lines];
}
