import type {Collateral} from '../attestation/attested.ts';
import type {Policy} from '../attestation/policy.ts';
import type {TrustSettings} from '../config/trust.ts';
import {gatherCollateral} from '../trust/collateral/gather.ts';
import {cloudClients} from './cloud-facts.ts';
import {anchorsOf, type TrustWorld} from './trust-world.ts';

/** What a check needs beyond the evidence, and why some of it could not be had. */
export type Gathered = {collateral: Collateral; missing: readonly string[]};

/**
 * Certificates, revocation lists and vendors' statements for a document: from what is kept on this machine, else from their vendors.
 * What Google and AWS only tell their customers is asked with the credentials of the environment.
 */
export async function collateralFor(
	world: TrustWorld,
	trust: TrustSettings,
	policy: Policy,
	document: Uint8Array,
	clients = cloudClients(),
): Promise<Gathered> {
	const {get, store} = world;
	const anchors = await anchorsOf(world, trust);
	const {collateral, missing} = await gatherCollateral(policy, document, {get, store, anchors, clients});
	return {collateral, missing: missing.map(({why}) => why)};
}
