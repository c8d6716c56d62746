/** A version as Constellation reads it: `v` optional, minor and patch optional, no leading zeros. */
type Version = {numbers: readonly [string, string, string]; prerelease: readonly string[]};

const versionPattern =
	/^v(0|[1-9]\d*)(?:\.(0|[1-9]\d*)(?:\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[a-z-][\da-z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-z-][\da-z-]*))*))?(?:\+[\da-z-]+(?:\.[\da-z-]+)*)?)?)?$/i;

const withPrefix = (text: string): string => (text.startsWith('v') ? text : `v${text}`);

/** Undefined where the text is no version. An upper-case V is none. */
export function parseVersion(text: string): Version | undefined {
	if (text.startsWith('V')) return undefined;
	const match = versionPattern.exec(withPrefix(text));
	if (match === null) return undefined;
	const [, major = '0', minor = '0', patch = '0', prerelease] = match;
	return {numbers: [major, minor, patch], prerelease: prerelease?.split('.') ?? []};
}

// Numbers stay text: they may be longer than a double can hold.
const compareNumbers = (a: string, b: string): number => a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);

function comparePrereleases(a: readonly string[], b: readonly string[]): number {
	if (a.length === 0 || b.length === 0) return b.length - a.length;
	for (const [index, left] of a.entries()) {
		const right = b[index];
		if (right === undefined) return 1;
		const numeric = [/^\d+$/.test(left), /^\d+$/.test(right)];
		if (numeric[0] === true && numeric[1] === true) {
			const order = compareNumbers(left, right);
			if (order !== 0) return order;
		} else if (numeric[0] !== numeric[1]) return numeric[0] === true ? -1 : 1;
		else if (left !== right) return left < right ? -1 : 1;
	}
	return a.length - b.length;
}

/** Semantic version order; build metadata does not count. Negative where `a` is older. */
export function compareVersions(a: Version, b: Version): number {
	for (const index of [0, 1, 2] as const) {
		const order = compareNumbers(a.numbers[index], b.numbers[index]);
		if (order !== 0) return order;
	}
	return comparePrereleases(a.prerelease, b.prerelease);
}

export type VersionRule = 'ok' | 'not-semver' | 'major-differs' | 'minor-drift' | 'tool-older';

/** Whether a tool of version `tool` works with an image of version `version`: same major, not newer in minor, at most one minor older. */
export function imageVersionRule(version: string, tool: string): VersionRule {
	const [image, own] = [parseVersion(version), parseVersion(tool)];
	if (image === undefined || own === undefined) return 'not-semver';
	if (image.numbers[0] !== own.numbers[0]) return 'major-differs';
	const drift = BigInt(own.numbers[1]) - BigInt(image.numbers[1]);
	if (drift < 0n) return 'tool-older';
	return drift > 1n ? 'minor-drift' : 'ok';
}

/** As imageVersionRule, and the tool must not be older at all. */
export function serviceVersionRule(version: string, tool: string): VersionRule {
	const rule = imageVersionRule(version, tool);
	const [service, own] = [parseVersion(version), parseVersion(tool)];
	if (rule !== 'ok' || service === undefined || own === undefined) return rule;
	return compareVersions(own, service) < 0 ? 'tool-older' : 'ok';
}

/** Creating and initialising a cluster asks for more than loading its config: the image of this minor version, the services of this very version. */
export function canCreate(image: string, services: string, tool: string): boolean {
	const [imageVersion, serviceVersion, own] = [parseVersion(image), parseVersion(services), parseVersion(tool)];
	if (imageVersion === undefined || serviceVersion === undefined || own === undefined) return false;
	const sameMinor = imageVersion.numbers[0] === own.numbers[0] && imageVersion.numbers[1] === own.numbers[1];
	return sameMinor && compareVersions(serviceVersion, own) === 0;
}

export type ImagePath = {ref: string; stream: string; version: string};

/** Reads an image short path: `vX.Y.Z`, `stream/S/V` or `ref/R/stream/S/V`. Undefined where it is none. */
export function parseImagePath(text: string): ImagePath | undefined {
	const match = /^(?:(?:ref\/(?<ref>[a-zA-Z0-9-]+)\/)?stream\/(?<stream>[a-zA-Z0-9-]+)\/)?(?<version>v[a-zA-Z0-9.-]+)$/.exec(
		text,
	);
	const {ref = '-', stream = 'stable', version} = match?.groups ?? {};
	if (version === undefined || text.endsWith('\n')) return undefined;
	if (!/^v\d+\.\d+\.\d+(?:-.+)?$/.test(version) || parseVersion(version) === undefined) return undefined;
	if (ref.startsWith('refs-heads')) return undefined;
	const streams = ref === '-' ? ['stable', 'console', 'debug'] : ['nightly', 'console', 'debug'];
	// The stable stream of the default ref has a short form, and only that.
	if (!streams.includes(stream) || text === `stream/stable/${version}`) return undefined;
	return {ref, stream, version};
}

export function formatImagePath({ref, stream, version}: ImagePath): string {
	if (ref !== '-') return `ref/${ref}/stream/${stream}/${version}`;
	return stream === 'stable' ? version : `stream/${stream}/${version}`;
}

/** The Kubernetes versions that this release of the tool installs, oldest first. */
export const kubernetesVersions = ['v1.30.14', 'v1.31.13', 'v1.32.9'] as const;
/** Those of v2.9 of the original: configs with them are read, no cluster is made with them. */
export const originalKubernetesVersions = ['v1.25.11', 'v1.26.6', 'v1.27.3'] as const;
export const defaultKubernetesVersion = 'v1.32.9';

/** The supported version of the same minor release; undefined where there is none or the text is no version with a minor. */
export function resolveKubernetesVersion(text: string, supported: readonly string[] = kubernetesVersions): string | undefined {
	const wanted = /^v?\d+\.\d+/.test(text) ? parseVersion(text) : undefined;
	if (wanted === undefined) return undefined;
	return supported.find(version => {
		const known = parseVersion(version);
		return known?.numbers[0] === wanted.numbers[0] && known.numbers[1] === wanted.numbers[1];
	});
}
