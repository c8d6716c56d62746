import {createHash} from 'node:crypto';
import type {Finding} from '../attestation/findings.ts';
import {formatPolicy, type Policy} from '../attestation/policy.ts';
import type {Attested} from '../attestation/variant.ts';
import {AppError} from '../errors.ts';
import type {Flow, NodeRole} from '../events.ts';
import type {Kube} from '../kubernetes/kube.ts';
import {readMachineRecords} from '../kubernetes/machine-records.ts';
import type {Image} from '../releases/image.ts';
import {type ReceiptFacts, type ReceiptNode, sealReceipt} from '../trust/receipt/receipt.ts';
import {version as toolVersion} from '../version.ts';
import {readText} from '../workspace/files.ts';
import {ensureReceiptKey, saveReceipt} from '../workspace/receipts.ts';
import {readStamp} from '../workspace/stamp.ts';
import type {Dependencies} from './dependencies.ts';
import type {Expectations} from './expectations.ts';

/** What a run checked, for its receipt. `consents`: what a person agreed to in it, in words. */
export type RunFacts = {
	what: ReceiptFacts['what'];
	outcome: ReceiptFacts['outcome'];
	cluster: ReceiptFacts['cluster'];
	expectations: Expectations;
	nodes: readonly ReceiptNode[];
	consents?: readonly string[];
};

/** Most exceptions that a receipt has room for; more of them are all of one kind. */
const maxExceptions = 256;

/**
 * Adds a signed receipt of a run to the workspace and gives its name. A receipt that cannot be written stops nothing: what it is about
 * has happened. It is a warning then, and undefined is given.
 */
export async function* writeReceipt(deps: Pick<Dependencies, 'workspace' | 'now'>, run: RunFacts): Flow<string | undefined> {
	const {workspace, now} = deps;
	try {
		const facts = await factsOf(deps, run);
		const path = await saveReceipt(workspace, facts, sealReceipt(facts, await ensureReceiptKey(workspace)));
		yield {type: 'file', path, purpose: 'what was checked in this run, signed with this workspace’s key', at: now()};
		return path;
	} catch (error) {
		if (!(error instanceof AppError)) throw error;
		yield {type: 'warning', code: 'receipt-not-written', message: `There is no receipt of this run: ${error.message}`, at: now()};
		return undefined;
	}
}

async function factsOf({workspace, now}: Pick<Dependencies, 'workspace' | 'now'>, run: RunFacts): Promise<ReceiptFacts> {
	const {what, outcome, cluster, nodes, consents = []} = run;
	const {policy, source, signed} = run.expectations;
	const config = await readText(workspace.path('config'));
	const {policyGeneration} = await readStamp(workspace);
	return {
		what,
		outcome,
		time: new Date(now()).toISOString(),
		tool: toolVersion,
		cluster,
		...(config === undefined ? {} : {config: new Uint8Array(createHash('sha256').update(config).digest())}),
		policy: {
			variant: policy.variant,
			attestationConfig: JSON.stringify(formatPolicy(policy)),
			...(policyGeneration === 0 ? {} : {generation: policyGeneration}),
		},
		measurements: {source, ...signed},
		nodes: [...nodes],
		exceptions: [...consents, ...exceptionsOf(policy, nodes)].slice(0, maxExceptions).map(text => text.slice(0, 1000)),
	};
}

/** What the policy does not insist on, and what was found and let pass. */
function exceptionsOf(policy: Policy, nodes: readonly ReceiptNode[]): string[] {
	const warned = [...policy.measurements].flatMap(([register, {warnOnly}]) =>
		warnOnly ? [`Register ${register} is compared, but a difference only warns.`] : [],
	);
	const unknownKeys =
		'acceptUnknownKeys' in policy && policy.acceptUnknownKeys ? ['Attestation keys that nothing vouches for are accepted.'] : [];
	const findings = nodes.flatMap(({name, findings: found}) =>
		found.flatMap(({severity, message}) => (severity === 'warn' ? [`${name}: ${message}`] : [])),
	);
	return [...unknownKeys, ...warned, ...findings];
}

/** Expected values that were computed from the files of an image. */
export function expectationsOf(policy: Policy, {version, measurements, signature, releaseKey}: Image): Expectations {
	return {
		policy,
		source: `image ${version} on this machine, computed from its files`,
		imageVersion: version,
		signed: {file: measurements, signature, key: releaseKey},
	};
}

/** The nodes of a cluster as its JoinServices accepted them; the one that this tool initialised was checked by itself. */
export async function judgedNodes(
	{journal}: Pick<Dependencies, 'journal'>,
	kube: Kube,
	nodes: readonly {name: string; role: NodeRole}[],
): Promise<ReceiptNode[]> {
	const records = [...(await readMachineRecords(kube))].filter(([, {retired}]) => retired !== true);
	const first = journal.last('init')?.attestationKey;
	return nodes.map(({name, role}): ReceiptNode => {
		const [attestationKey, record] = records.find(([, known]) => known.name === name) ?? [];
		return {
			name,
			role,
			...(attestationKey === undefined ? {} : {attestationKey}),
			...(record?.image === undefined ? {} : {image: record.image}),
			judgedBy: attestationKey !== undefined && attestationKey === first ? 'this-tool' : 'join-service',
			findings: [],
		};
	});
}

/** The node that answered a challenge. */
export function challengedNode(endpoint: string, image: string | undefined, answer: Attested | readonly Finding[]): ReceiptNode {
	const attested = 'registers' in answer ? answer : undefined;
	const findings = 'registers' in answer ? answer.findings : answer;
	return {
		name: attested?.machine?.name ?? `the node at ${endpoint}`,
		role: attested?.machine?.role ?? 'unknown',
		...(attested === undefined ? {} : {attestationKey: attested.attestationKey}),
		...(image === undefined || attested === undefined ? {} : {image}),
		judgedBy: 'this-tool',
		findings: findings.slice(0, 64).map(({code, severity, message, register, expected, actual}) => ({
			code,
			severity,
			message: message.slice(0, 1000),
			...(register === undefined ? {} : {register}),
			...(expected === undefined ? {} : {expected: expected.slice(0, 400)}),
			...(actual === undefined ? {} : {actual: actual.slice(0, 400)}),
		})),
	};
}
