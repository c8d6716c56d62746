import {createHash} from 'node:crypto';
import {AppError, exitCodes} from '../errors.ts';
import components from './kubernetes-components.json' with {type: 'json'};

/** One file that a node installs; `hash` is `sha256:` and lower-case hex of the download. */
export type KubernetesComponent = {url: string; hash: string; installPath: string; extract: boolean};

export type KubernetesRelease = {
	/** In this order: their set hash depends on it. */
	components: readonly KubernetesComponent[];
	controlPlaneImages: Readonly<Record<string, string>>;
	addonImages: Readonly<Record<string, string>>;
};

const releases: Readonly<Record<string, KubernetesRelease>> = components;

export const defaultKubernetesVersion = 'v1.32.9';
export const kubernetesVersions: readonly string[] = Object.keys(releases);

/** Throws AppError `kubernetes-version-unknown`. */
export function kubernetesComponents(version: string): KubernetesRelease {
	const release = Object.hasOwn(releases, version) ? releases[version] : undefined;
	if (release) return release;
	throw new AppError(`Kubernetes ${version} is not supported.`, {
		code: 'kubernetes-version-unknown',
		exitCode: exitCodes.usage,
		next: [`Choose one of ${kubernetesVersions.join(', ')}.`],
	});
}

/** Names a set of components, as v2.9 does: SHA-256 over their hash strings in order, rendered `sha256:<hex>`. */
export function componentsHash(set: readonly KubernetesComponent[]): string {
	return `sha256:${createHash('sha256')
		.update(set.map(({hash}) => hash).join(''))
		.digest('hex')}`;
}
