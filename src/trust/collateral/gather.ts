import type {Collateral, CollateralNeed} from '../../attestation/attested.ts';
import {collateralNeeds} from '../../attestation/collateral-needs.ts';
import type {Policy} from '../../attestation/policy.ts';
import {type CollateralDeps, fetchCollateral, joined} from './fetch.ts';

/** An issuer names its own issuer: so many times a new question may come up. */
const maxRounds = 4;
const maxNeeds = 16;

/**
 * Everything that judging a document under a policy takes, round by round. What could not be had is left out: the verifier tells it
 * as a finding, and `missing` says why it is not there.
 */
export async function gatherCollateral(
	policy: Policy,
	document: Uint8Array,
	deps: CollateralDeps,
): Promise<{collateral: Collateral; missing: readonly {need: CollateralNeed; why: string}[]}> {
	let collateral: Collateral = {};
	const missing: {need: CollateralNeed; why: string}[] = [];
	const asked = new Set<string>();
	for (let round = 0; round < maxRounds; round += 1) {
		const needs = collateralNeeds(policy, document, collateral)
			.filter(need => !asked.has(idOf(need)))
			.slice(0, maxNeeds);
		if (needs.length === 0) break;
		for (const need of needs) asked.add(idOf(need));
		const found = await fetchCollateral(needs, deps);
		collateral = joined(collateral, found.collateral);
		missing.push(...found.missing);
	}
	return {collateral, missing};
}

function idOf(need: CollateralNeed): string {
	return JSON.stringify(need, (_, value: unknown) => (value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value));
}
