import {MalformedError} from '../attestation/bytes.ts';
import {isObject} from '../attestation/measurements.ts';
import {asksForLatest, resolveLatest} from '../attestation/variants/azure/sev-snp/latest.ts';
import type {AttestationSection} from '../config/attestation-section.ts';
import type {TrustSettings} from '../config/trust.ts';
import {AppError} from '../errors.ts';
import type {Part} from '../trust/bundle/part.ts';
import {
	chooseVersion,
	fetchAzureVersions,
	parseAzureVersions,
	verifyAzureVersions,
} from '../trust/measurements/azure-versions.ts';
import {publicMirror} from '../trust/measurements/release-path.ts';
import {releaseSigner, type Signer} from '../trust/measurements/signer.ts';
import type {TrustWorld} from './trust-world.ts';

/** A section of azure-sev-snp with numbers for `latest`. `source`: which published versions they are; absent where none was asked for. */
export type ResolvedVersions = {value: Record<string, unknown>; source?: string; warnings: readonly string[]};

/**
 * Replaces `latest` in a section of azure-sev-snp by the newest versions that have settled. What was used before on this machine, or
 * came with a bundle, is the least that is taken, and is used where the server does not answer. Nobody is asked where the section has
 * numbers. Throws AppError `azure-versions-refused` (exit 5) or what the network throws.
 */
export async function withAzureVersions(
	section: Readonly<Record<string, unknown>>,
	world: Pick<TrustWorld, 'get' | 'store' | 'now'>,
	{mirror = publicMirror, signer = releaseSigner}: {mirror?: string; signer?: Signer} = {},
): Promise<ResolvedVersions> {
	if (!asksForLatest(section)) return {value: {...section}, warnings: []};
	const {get, store} = world;
	const now = world.now();
	const kept = await newestKept(world, signer);
	try {
		const {versions, name, warnings, blobs} = await fetchAzureVersions(mirror, {
			get,
			now,
			signer,
			...(kept && {least: kept.name}),
		});
		await store.write({kind: 'azure-snp-versions', name, at: Math.floor(now / 1000), blobs});
		return {value: resolveLatest(section, versions), source: `versions of ${name}`, warnings};
	} catch (error) {
		const isUnanswered = error instanceof AppError && error.code === 'download-unreachable';
		const file = kept?.blobs[0];
		if (!isUnanswered || kept === undefined || file === undefined) throw error;
		const warning = `Nobody could be asked for newer firmware versions than those of ${kept.name}, which are kept here.`;
		return {value: resolveLatest(section, parseAzureVersions(file)), source: `versions of ${kept.name}`, warnings: [warning]};
	}
}

/** The settings of a section as a policy takes them. `notes`: clauses about what was filled in. */
export async function settingsOf(
	{variant, value}: Pick<AttestationSection, 'variant' | 'value'>,
	world: TrustWorld | undefined,
	{azureVersions: mirror}: TrustSettings,
): Promise<{settings: unknown; notes: readonly string[]}> {
	if (variant !== 'azure-sev-snp' || world === undefined || !isObject(value)) return {settings: value, notes: []};
	const {value: settings, source, warnings} = await withAzureVersions(value, world, mirror === undefined ? {} : {mirror});
	return {settings, notes: [...(source === undefined ? [] : [source]), ...warnings.map(text => text.replace(/\.$/, ''))]};
}

/** The newest versions on this machine whose signature holds. */
async function newestKept({store, now}: Pick<TrustWorld, 'store' | 'now'>, signer: Signer): Promise<Part | undefined> {
	const {parts} = await store.list();
	const good = parts.filter(({kind, name, blobs}) => kind === 'azure-snp-versions' && holds(name, blobs, signer));
	const names = good.map(({name}) => name);
	if (names.length === 0) return undefined;
	const {name} = chooseVersion(Buffer.from(JSON.stringify(names.map(each => `${each}.json`))), now());
	return good.find(part => part.name === name);
}

function holds(name: string, blobs: readonly Uint8Array[], signer: Signer): boolean {
	try {
		return verifyAzureVersions(name, blobs, signer).length === 0;
	} catch (error) {
		if (error instanceof MalformedError) return false;
		throw error;
	}
}
