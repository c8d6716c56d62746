import {AppError, exitCodes} from '../../errors.ts';
import {componentsHash, kubernetesComponents, kubernetesVersions} from '../../releases/kubernetes.ts';
import {type FlightPlan, flightPlan} from '../../upgrade/flight-plan.ts';
import {judgeKubernetes} from '../../upgrade/kubernetes-rules.ts';
import {diffPolicies, type MeasurementDiff, type Origin} from '../../upgrade/measurement-diff.ts';
import {localKind, type Observed} from '../../upgrade/observed.ts';
import {measurementsDigest} from '../../upgrade/policy-set.ts';
import type {StrandResult} from '../../upgrade/strand/check.ts';
import {checkUpgrade} from '../../upgrade/strand/check-upgrade.ts';
import {type Choice, chooseTarget, type Parts, type Target} from '../../upgrade/target.ts';
import {type ImageCandidate, judgeImage, newestFirst} from '../../upgrade/versions.ts';
import {version as toolVersion} from '../../version.ts';
import {pinnedPolicy, readConfig, requireInitialised} from '../cluster.ts';
import {requireRunning} from '../status.ts';
import type {Vouched} from '../vouched.ts';
import {begunHere} from './begun.ts';
import type {UpgradeDependencies} from './dependencies.ts';
import {observe, type Sight} from './observe.ts';

/** What can be done, and what an upgrade to the target would do. */
export type UpgradeCheck = {
	name: string;
	parts: Parts;
	/** Whether an upgrade is under way already, or was begun here and is not over. */
	busy: boolean;
	/** Undefined where there is nothing to do. */
	proposal?: Proposal;
};

export type Proposal = {
	target: Target;
	measurements: MeasurementDiff;
	plan: FlightPlan;
	strand: StrandResult;
	/** The measurements elsewhere that say the same; absent where none were named. */
	vouched?: Vouched;
	/** Images signed by the release key that the cluster is pinned to. */
	trusted: readonly string[];
};

/**
 * Looks at the cluster and says what it can be upgraded to; writes nothing. Throws AppError `upgrade-impossible` (exit 3) with the rule
 * where what was asked for cannot be. Whether the proposal strands a node is in its result.
 */
export async function checkForUpgrade(deps: UpgradeDependencies, asked: Partial<Choice>): Promise<UpgradeCheck> {
	await requireInitialised(deps.workspace);
	const {config} = await readConfig(deps.workspace);
	await requireRunning(deps);
	const sight = await observe(deps);
	const parts = await partsOf(deps, sight.observed, asked);
	const wanted = parts.image.versions.find(({version}) => version === asked.image);
	if (wanted?.rule === 'image-unusable') await refuseForged(deps, wanted.version);
	const choice = chooseTarget(parts, asked);
	const busy = sight.observed.busy || begunHere(deps) !== undefined;
	if (choice === undefined) return {name: config.name, parts, busy};
	return {name: config.name, parts, busy, proposal: await proposalFor(deps, sight, choice)};
}

/** What runs, and each other version with what speaks against it; one that was asked for is judged also where it does not exist. */
async function partsOf(deps: UpgradeDependencies, {wanted, apiServers, nodes}: Observed, asked: Partial<Choice>): Promise<Parts> {
	const found = await deps.candidates();
	const candidates = [...found, ...missing(asked.image, found)].filter(({version}) => version !== wanted.image);
	const images = candidates.map(candidate => judgeImage(candidate, wanted.image, toolVersion));
	const kubelets = nodes.map(({name, kubernetes}) => ({node: name, version: kubernetes}));
	const facts = {running: wanted.version, apiServers, kubelets, supported: kubernetesVersions};
	const versions = new Set([...kubernetesVersions, ...(asked.kubernetes === undefined ? [] : [asked.kubernetes])]);
	versions.delete(wanted.version);
	const sorted = <T extends {version: string}>(list: readonly T[]) =>
		list.toSorted((left, right) => newestFirst(left.version, right.version));
	return {
		image: {running: wanted.image, versions: sorted(images), included: false},
		// A local image holds the services, so they are judged with it.
		services: {running: wanted.image, versions: sorted(images), included: localKind.imageHasAll},
		kubernetes: {
			running: wanted.version,
			versions: sorted([...versions].map(version => judgeKubernetes(version, facts))),
			included: localKind.imageHasAll,
		},
	};
}

/** What is not as it was signed is refused as such, and not for its version. */
async function refuseForged({intactImage}: UpgradeDependencies, version: string): Promise<void> {
	try {
		await intactImage(version);
	} catch (error) {
		if (error instanceof AppError && error.exitCode === exitCodes.refused) throw error;
	}
}

function missing(version: string | undefined, found: readonly ImageCandidate[]): ImageCandidate[] {
	if (version === undefined || found.some(each => each.version === version)) return [];
	return [{version, problem: `there is none: constellation image make --version ${version}`, ownProgram: true}];
}

/** Target, measurements, plan and check for a choice; the image's files are compared with what was signed. */
export async function proposalFor(deps: UpgradeDependencies, {observed}: Sight, choice: Choice): Promise<Proposal> {
	const {config} = await readConfig(deps.workspace);
	const pinned = pinnedPolicy(config);
	if (pinned.variant !== 'local-vtpm') throw new TypeError(`no upgrade for ${pinned.variant}`);
	const image = await deps.intactImage(choice.image);
	const target: Target = {
		image: choice.image,
		measurements: measurementsDigest(image.measurements),
		services: choice.image,
		kubernetes: choice.kubernetes,
		components: componentsFor(choice.kubernetes, observed),
	};
	const next = deps.policyOf(image, pinned.makerKey);
	const vouched = await deps.vouch(image, config.trust ?? {});
	const signer = `release key ${measurementsDigest(image.releaseKey).slice(0, 'sha256:'.length + 16)}…`;
	const measurements = diffPolicies(pinned, next, originOf(choice.image, signer, vouched));
	const trusted = Buffer.from(image.releaseKey).equals(pinned.releaseKey) ? [choice.image] : [];
	const goal = {image: target.image, kubernetes: {version: target.kubernetes, components: target.components}};
	return {
		target,
		measurements,
		plan: flightPlan(observed, target, localKind),
		strand: checkUpgrade(observed, {goal, trusted}, localKind),
		trusted,
		...(vouched === undefined ? {} : {vouched}),
	};
}

/** The image on this machine is what nodes run; who else vouches for it comes first, because that is whom the config asks. */
function originOf(image: string, releaseKey: string, vouched: Vouched | undefined): Origin {
	const own = `image ${image}, its signed file`;
	if (vouched === undefined) return {source: own, signer: releaseKey};
	const {name, fingerprint} = vouched.signer;
	return {
		source: `${vouched.source}, the same as in image ${image} on this machine`,
		signer: `${name} ${fingerprint.slice(0, 'sha256:'.length + 16)}…; the image by the ${releaseKey}`,
	};
}

/** The set that runs stays as it is while its version does. */
function componentsFor(version: string, {wanted}: Observed): string {
	if (version === wanted.version) return wanted.components;
	return `k8s-components-${componentsHash(kubernetesComponents(version).components).replace(':', '-')}`;
}

/** The counterexample of a plan, as the refusal to follow it. */
export function strandsNode(counterexample: NonNullable<StrandResult['counterexample']>): AppError {
	return new AppError('The upgrade would leave a node without a way back.', {
		code: 'upgrade-strands-node',
		exitCode: exitCodes.preflight,
		problems: [{path: `${counterexample.step}, ${counterexample.condition}`, message: counterexample.sentence}],
		next: ['Repair what the counterexample names, then run constellation upgrade check again.'],
		details: {counterexample},
	});
}
