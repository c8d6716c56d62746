import {compareVersions, imageVersionRule, parseVersion} from '../config/versions.ts';

/** The rules that can make a version impossible; the names are stable. */
export type VersionRuleId =
	| 'not-semver'
	| 'not-newer'
	| 'major-differs'
	| 'minor-drift'
	| 'tool-older'
	| 'tool-newer'
	| 'image-unusable'
	| 'services-not-tool'
	| 'kubernetes-unsupported'
	| 'api-servers-apart'
	| 'kubelet-newer';

/** One version, and where it is impossible the rule and a sentence that names the versions. */
export type Judged = {version: string; possible: boolean; rule?: VersionRuleId; reason?: string};

export type StepRule = 'ok' | Extract<VersionRuleId, 'not-semver' | 'not-newer' | 'major-differs' | 'minor-drift'>;

/** Whether one step leads from a version to another: strictly newer, the same major version, at most one minor version further (v2.9). */
export function stepRule(from: string, to: string): StepRule {
	const [old, next] = [parseVersion(from), parseVersion(to)];
	if (old === undefined || next === undefined) return 'not-semver';
	if (compareVersions(old, next) >= 0) return 'not-newer';
	if (old.numbers[0] !== next.numbers[0]) return 'major-differs';
	return BigInt(next.numbers[1]) - BigInt(old.numbers[1]) > 1n ? 'minor-drift' : 'ok';
}

const stepSentences: Record<Exclude<StepRule, 'ok'>, (from: string, to: string) => string> = {
	'not-semver': (_, to) => `${to} is no version like v1.2.3`,
	'not-newer': (from, to) => `${to} is not newer than ${from}, which runs`,
	'major-differs': (from, to) => `${to} has another major version than ${from}, which runs`,
	'minor-drift': (from, to) => `${to} is more than one minor version ahead of ${from}: one minor version at a time`,
};

/** Judges one step with its sentence. */
export function judgeStep(from: string, to: string): Judged {
	const rule = stepRule(from, to);
	return rule === 'ok' ? {version: to, possible: true} : impossible(to, rule, stepSentences[rule](from, to));
}

export function impossible(version: string, rule: VersionRuleId, reason: string): Judged {
	return {version, possible: false, rule, reason};
}

/** Clusters of the original Constellation have its version numbers: comparing them with those of this tool would say nothing. */
const isOriginal = (version: string): boolean => parseVersion(version)?.numbers[0] === '2';

export type ImageCandidate = {
	version: string;
	/** Why it cannot be used, such as a signature that does not hold. */
	problem?: string | undefined;
	/** Whether it holds the node program of this very tool: then the tool knows it, whatever version it was stamped with. */
	ownProgram: boolean;
};

/** Judges an image for a cluster that runs `running`, handled by a tool of version `tool`. */
export function judgeImage({version, problem, ownProgram}: ImageCandidate, running: string, tool: string): Judged {
	const step = judgeStep(running, version);
	if (!step.possible) return step;
	if (problem !== undefined) return impossible(version, 'image-unusable', problem);
	if (ownProgram || (isOriginal(running) && !isOriginal(tool))) return step;
	switch (imageVersionRule(version, tool)) {
		case 'tool-older':
			return impossible(version, 'tool-older', `${version} is newer than this tool (${tool}): update the tool first`);
		case 'minor-drift':
			return impossible(version, 'tool-newer', `${version} is more than one minor version older than this tool (${tool})`);
		case 'major-differs':
			return impossible(version, 'major-differs', `${version} has another major version than this tool (${tool})`);
		default:
			return step;
	}
}

/** Judges services that are installed apart from the image: only those of this very tool. */
export function judgeServices(version: string, running: string, tool: string): Judged {
	const step = judgeStep(running, version);
	if (!step.possible) return step;
	const [services, own] = [parseVersion(version), parseVersion(tool)];
	if (services !== undefined && own !== undefined && compareVersions(services, own) === 0) return step;
	return impossible(version, 'services-not-tool', `this tool brings services ${tool}, not ${version}`);
}

/** Newest first; what is no version comes last. */
export function newestFirst(left: string, right: string): number {
	const [a, b] = [parseVersion(left), parseVersion(right)];
	if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
	return compareVersions(b, a);
}
