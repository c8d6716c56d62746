import {AppError, exitCodes, type Problem} from '../errors.ts';
import {type Judged, newestFirst} from './versions.ts';

/** What an upgrade leads to: one decision, which is consented to or declined as a whole. */
export type Target = {
	image: string;
	/** Digest of the image's signed measurements, `sha256:` and hex. */
	measurements: string;
	services: string;
	kubernetes: string;
	/** Name of the ConfigMap with the Kubernetes components. */
	components: string;
};

/** A part of the cluster: what runs, and every other version there is with what speaks against it. Newest first. */
export type PartVersions = {
	running: string;
	versions: readonly Judged[];
	/** Comes with the image: no step of its own. */
	included: boolean;
};

export type Parts = {image: PartVersions; services: PartVersions; kubernetes: PartVersions};

export type Choice = {image: string; kubernetes: string};

/**
 * Chooses image and Kubernetes version: what was asked for and nothing else; where nothing was, the newest possible image. Undefined
 * where nothing changes. Throws AppError `upgrade-impossible` with the rule of what was asked for.
 */
export function chooseTarget(parts: Parts, asked: Partial<Choice> = {}): Choice | undefined {
	const problems = [
		...problemsOf('image', parts.image, asked.image),
		...problemsOf('kubernetes', parts.kubernetes, asked.kubernetes),
	];
	if (problems.length > 0) throw impossibleTarget(problems);
	const newest = asked.kubernetes === undefined ? possible(parts.image)[0] : undefined;
	const image = asked.image ?? newest ?? parts.image.running;
	const kubernetes = asked.kubernetes ?? parts.kubernetes.running;
	if (image === parts.image.running && kubernetes === parts.kubernetes.running) return undefined;
	return {image, kubernetes};
}

/** The versions that an upgrade can lead to, newest first. */
export function possible({versions}: PartVersions): string[] {
	return versions
		.filter(each => each.possible)
		.map(({version}) => version)
		.sort(newestFirst);
}

/** What runs already is no problem: then this part stays as it is. */
function problemsOf(path: string, part: PartVersions, asked: string | undefined): Problem[] {
	if (asked === undefined || asked === part.running) return [];
	const judged = part.versions.find(({version}) => version === asked);
	if (judged === undefined) return [{path, message: `there is no ${asked} here`}];
	return judged.possible ? [] : [{path, message: `${judged.reason ?? asked} (rule ${judged.rule ?? 'unknown'})`}];
}

function impossibleTarget(problems: readonly Problem[]): AppError {
	return new AppError('The cluster cannot be upgraded to that.', {
		code: 'upgrade-impossible',
		exitCode: exitCodes.preflight,
		problems,
		next: ['constellation upgrade check   shows what is possible'],
	});
}
