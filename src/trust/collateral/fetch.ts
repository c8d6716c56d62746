import type {Collateral, CollateralNeed} from '../../attestation/attested.ts';
import {MalformedError} from '../../attestation/bytes.ts';
import {AppError} from '../../errors.ts';
import type {Part} from '../bundle/part.ts';
import type {TrustStore} from '../bundle/store.ts';
import type {Anchors} from '../bundle/verdict.ts';
import {amdPartName} from '../bundle/verify-amd.ts';
import {verifyPart} from '../bundle/verify-part.ts';
import {bodyOf, type Get} from '../net/get.ts';
import {type Addresses, addresses as vendorAddresses} from './addresses.ts';
import {fetchAmdCertificates, fetchAmdList} from './amd.ts';
import {fetchSigned} from './by-address.ts';
import {fetchTdx, tdxPartName} from './intel.ts';

/** Facts that only an account with the cloud gets; the caller brings whoever may ask. */
export type CloudClients = {
	/** DER SubjectPublicKeyInfo of the signing key (compute.instances.getShieldedInstanceIdentity). */
	shieldedKey?: (need: Extract<CollateralNeed, {kind: 'shielded-key'}>) => Promise<Uint8Array>;
	/** TPM support of a machine image (EC2 DescribeImages). */
	machineImage?: (need: Extract<CollateralNeed, {kind: 'machine-image'}>) => Promise<{tpmSupport: string}>;
};

export type CollateralDeps = {
	/** Absent: nobody is asked, and only what is kept is used. */
	get?: Get;
	store: TrustStore;
	anchors: Anchors;
	clients?: CloudClients;
	addresses?: Addresses;
};

/** `missing`: what could not be had and why, a sentence an entry. The verifier decides whether it can do without. */
export type FetchedCollateral = {collateral: Collateral; missing: readonly {need: CollateralNeed; why: string}[]};

type SignedNeed = Extract<CollateralNeed, {kind: Part['kind']}>;
const maxKeySet = 256 * 1024;

/**
 * Brings what a verifier needs. Signed pieces come from the user's own folder as long as they are valid, else from their vendor, are
 * checked and kept. Keys and facts that only a connection vouches for (Microsoft, Google, Amazon) are asked for every time.
 */
export async function fetchCollateral(needs: readonly CollateralNeed[], deps: CollateralDeps): Promise<FetchedCollateral> {
	const parts: Part[] = [];
	const missing: {need: CollateralNeed; why: string}[] = [];
	const found = {
		maaKeys: new Map<string, Uint8Array>(),
		shieldedKeys: new Map<string, Uint8Array>(),
		machineImages: new Map<string, {tpmSupport: string}>(),
	};
	const bring = async (need: CollateralNeed): Promise<void> => {
		switch (need.kind) {
			case 'maa-keys':
				found.maaKeys.set(need.url, await fetchKeySet(need.url, deps));
				return;
			case 'shielded-key':
				found.shieldedKeys.set(`${need.project}/${need.zone}/${need.instance}`, await client(deps, 'shieldedKey')(need));
				return;
			case 'machine-image':
				found.machineImages.set(`${need.region}/${need.image}`, await client(deps, 'machineImage')(need));
				return;
			default:
				parts.push(await signedPart(need, {...deps, anchors: {...deps.anchors, issuers: issuersIn(parts)}}));
		}
	};
	for (const need of needs) {
		try {
			await bring(need);
		} catch (error) {
			if (!(error instanceof AppError || error instanceof MalformedError)) throw error;
			missing.push({need, why: error.message});
		}
	}
	return {collateral: joined(collateralFrom(parts), found), missing};
}

/** Issuers that were fetched and checked, for the lists that they sign. */
export function issuersIn(parts: readonly Part[]): Uint8Array[] {
	return parts.filter(({kind}) => kind === 'certificate').flatMap(({blobs}) => blobs);
}

/** Two sets of pieces as one; of what there can only be one, the second counts. */
export function joined(left: Collateral, right: Collateral): Collateral {
	const map = <T>(one?: ReadonlyMap<string, T>, two?: ReadonlyMap<string, T>) => new Map([...(one ?? []), ...(two ?? [])]);
	const tdx = right.tdx ?? left.tdx;
	return {
		certificates: [...(left.certificates ?? []), ...(right.certificates ?? [])],
		revocationLists: [...(left.revocationLists ?? []), ...(right.revocationLists ?? [])],
		maaKeys: map(left.maaKeys, right.maaKeys),
		shieldedKeys: map(left.shieldedKeys, right.shieldedKeys),
		machineImages: map(left.machineImages, right.machineImages),
		...(tdx && {tdx}),
	};
}

/** Pieces as a verifier takes them. */
export function collateralFrom(parts: readonly Part[]): Collateral {
	const of = (...kinds: readonly Part['kind'][]) => parts.filter(({kind}) => kinds.includes(kind)).map(({blobs}) => blobs);
	const [tdx] = of('tdx');
	const none = new Uint8Array();
	const [tcbInfo = none, tcbInfoChain = none, qeIdentity = none, qeIdentityChain = none, list = none, , rootList = none] =
		tdx ?? [];
	return {
		certificates: of('amd-certificates', 'certificate').flat(),
		revocationLists: [...of('amd-revocation-list', 'revocation-list').flat(), ...(tdx ? [list, rootList] : [])],
		...(tdx && {tdx: {tcbInfo, tcbInfoChain, qeIdentity, qeIdentityChain}}),
	};
}

/** What is kept and valid, else what its vendor sends. Kept pieces that expired are better than none where nobody can be asked. */
async function signedPart(need: SignedNeed, {get, store, anchors, addresses = vendorAddresses}: CollateralDeps): Promise<Part> {
	const kept = await store.read(need.kind, nameOf(need));
	const verdict = kept && verifyPart(kept, anchors);
	const isGood = kept !== undefined && verdict?.problems.length === 0;
	if (isGood && verdict.expiries.every(({at}) => at > anchors.now)) return kept;
	if (get === undefined) {
		if (isGood) return kept;
		throw new MalformedError('it is not kept here, and nobody may be asked');
	}
	try {
		const part = await fetchPart(need, {get, addresses, now: anchors.now});
		const {problems} = verifyPart(part, anchors);
		if (problems.length > 0) throw new MalformedError(`what was sent proves nothing: ${problems.join(', ')}`);
		await store.write(part);
		return part;
	} catch (error) {
		if (isGood && error instanceof AppError) return kept;
		throw error;
	}
}

function nameOf(need: SignedNeed): string {
	switch (need.kind) {
		case 'amd-certificates':
			return amdPartName(need.product, need.chipId, need.tcb);
		case 'amd-revocation-list':
			return need.product;
		case 'tdx':
			return tdxPartName(need.fmspc, need.ca);
		case 'certificate':
		case 'revocation-list':
			return need.url;
	}
}

function fetchPart(need: SignedNeed, deps: {get: Get; addresses: Addresses; now: number}): Promise<Part> {
	switch (need.kind) {
		case 'amd-certificates':
			return fetchAmdCertificates(need, deps);
		case 'amd-revocation-list':
			return fetchAmdList(need, deps);
		case 'tdx':
			return fetchTdx(need, deps);
		case 'certificate':
		case 'revocation-list':
			return fetchSigned(need, deps);
	}
}

/** Its address comes from the user's policy; no redirect may hand the question to somebody else. */
async function fetchKeySet(url: string, {get}: CollateralDeps): Promise<Uint8Array> {
	if (get === undefined) throw new MalformedError('only the connection vouches for it, and nobody may be asked');
	return bodyOf(await get(url, {limit: maxKeySet, redirects: 'refuse'}));
}

function client<Name extends keyof CloudClients>({clients}: CollateralDeps, name: Name): NonNullable<CloudClients[Name]> {
	const found = clients?.[name];
	if (found !== undefined) return found;
	throw new MalformedError('it takes an account with the cloud, and none was given');
}
