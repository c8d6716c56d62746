/** Names one image: `ref` is `-` for releases. */
export type ReleasePath = {ref: string; stream: string; version: string};

/** Where v2.9 publishes what belongs to images. */
export const publicMirror = 'https://cdn.confidential.cloud';

const folderOf = ({ref, stream, version}: ReleasePath): string => `constellation/v2/ref/${ref}/stream/${stream}/${version}/image`;

/** Paths below the root of a mirror, without a slash in front. */
export const measurementsPath = (release: ReleasePath): string => `${folderOf(release)}/measurements.json`;
export const imageInfoPath = (release: ReleasePath): string => `${folderOf(release)}/info.json`;

export const signaturePath = (measurements: string): string => `${measurements}.sig`;

/** Path of the list of versions below `base`: a major version such as v2 or a minor one such as v2.9. */
export function versionsPath({ref, stream}: Omit<ReleasePath, 'version'>, granularity: 'major' | 'minor', base: string): string {
	return `constellation/v1/ref/${ref}/stream/${stream}/versions/${granularity}/${base}/image.json`;
}

export function latestPath({ref, stream}: Omit<ReleasePath, 'version'>): string {
	return `constellation/v1/ref/${ref}/stream/${stream}/versions/latest/image.json`;
}

/** An address below the root of a mirror; the root may have a path of its own. */
export function onMirror(root: string, path: string): string {
	return `${root.replace(/\/+$/, '')}/${path}`;
}

export function releaseText({ref, stream, version}: ReleasePath): string {
	if (ref !== '-') return `ref/${ref}/stream/${stream}/${version}`;
	return stream === 'stable' ? version : `stream/${stream}/${version}`;
}
