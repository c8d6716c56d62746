import {promisify} from 'node:util';
import {gunzip} from 'node:zlib';
import {isObject} from '../../attestation/measurements.ts';
import type {Kube, KubeObject} from '../../kubernetes/kube.ts';
import {inNamespace, resources} from '../../kubernetes/resources.ts';
import {oneLine} from '../../text.ts';

/** A service of the cluster that Helm installed. */
export type Service = {name: string; version: string};

const unzip = promisify(gunzip);
/** Largest record of a release that is unpacked, in bytes. */
const maxRelease = 16 * 1024 * 1024;
const names = ['cilium', 'cert-manager', 'constellation-operators', 'constellation-services'];

/** The versions of the services that v2.9 installs, from Helm's own records: one secret a release and revision. */
export async function deployedServices(kube: Kube): Promise<Service[]> {
	const secrets = inNamespace(resources.secrets, 'kube-system');
	const {items} = await kube.list(secrets, {labelSelector: 'owner=helm,status=deployed'});
	const found = items.filter(({metadata}) => names.includes(metadata.labels?.['name'] ?? ''));
	const services = await Promise.all(
		found.map(async secret => ({name: secret.metadata.labels?.['name'] ?? '', version: await chartVersion(secret)})),
	);
	return services.sort((a, b) => names.indexOf(a.name) - names.indexOf(b.name));
}

/** Helm 3 keeps a release as base64 of gzip of JSON, inside the base64 of the secret. */
async function chartVersion(secret: KubeObject): Promise<string> {
	const data = isObject(secret['data']) ? secret['data']['release'] : undefined;
	if (typeof data !== 'string') return 'unknown';
	try {
		const packed = Buffer.from(Buffer.from(data, 'base64').toString('latin1'), 'base64');
		const release: unknown = JSON.parse((await unzip(packed, {maxOutputLength: maxRelease})).toString());
		const chart = isObject(release) && isObject(release['chart']) ? release['chart'] : {};
		const version = isObject(chart['metadata']) ? chart['metadata']['version'] : undefined;
		return typeof version === 'string' ? `v${oneLine(version, 80).replace(/^v/, '')}` : 'unknown';
	} catch {
		return 'unknown'; // A record of another form; the cluster works without our reading it.
	}
}
