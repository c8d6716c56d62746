import {sameBytes} from '../../attestation/bytes.ts';
import type {Part} from './part.ts';
import type {TrustStore} from './store.ts';
import type {Anchors, Expiry, PartVerdict} from './verdict.ts';
import {verifyPart} from './verify-part.ts';

/** `add`: good and new. `same`: here already, or something fresher is. `expired`: true once. `refused`: proves nothing, or contradicts. */
export type JudgedPart = {
	part: Part;
	state: 'add' | 'same' | 'expired' | 'refused';
	problems: readonly string[];
	expiries: readonly Expiry[];
};

/** Checks every part with what is pinned and the issuers among them, because lists may be theirs. */
export function verifyParts(parts: readonly Part[], anchors: Anchors): {part: Part; verdict: PartVerdict}[] {
	const known = withIssuers(parts, anchors);
	return parts.map(part => ({part, verdict: verifyPart(part, known)}));
}

/** Anchors with the issuers among these parts that hold; one may have been made by another one. */
export function withIssuers(parts: readonly Part[], anchors: Anchors): Anchors {
	const issuers = parts.filter(({kind}) => kind === 'certificate');
	const holding = (by: Anchors): Anchors => {
		const good = issuers.filter(part => verifyPart(part, by).problems.length === 0);
		return {...anchors, issuers: [...(anchors.issuers ?? []), ...good.flatMap(({blobs}) => blobs)]};
	};
	return holding(holding(anchors));
}

/** What an import would do with each part, beside what is kept here. */
export async function judgeImport(parts: readonly Part[], anchors: Anchors, store: TrustStore): Promise<JudgedPart[]> {
	const known = withIssuers([...(await store.list()).parts, ...parts], anchors);
	return Promise.all(
		verifyParts(parts, known).map(async ({part, verdict}): Promise<JudgedPart> => {
			const {problems, expiries} = verdict;
			if (problems.length > 0) return {part, state: 'refused', problems, expiries};
			if (earliest(expiries) <= anchors.now) return {part, state: 'expired', problems: [], expiries};
			const kept = await store.read(part.kind, part.name);
			const old = kept && verifyPart(kept, known);
			if (kept === undefined || old === undefined || old.problems.length > 0) return {part, state: 'add', problems: [], expiries};
			return {part, expiries, ...besides(kept, old, part, verdict)};
		}),
	);
}

/** A file of measurements is published once: another one for the same image is a contradiction. Of the rest the fresher one stays. */
function besides(kept: Part, old: PartVerdict, part: Part, verdict: PartVerdict): Pick<JudgedPart, 'state' | 'problems'> {
	if (part.kind !== 'measurements' && part.kind !== 'azure-snp-versions')
		return {state: earliest(verdict.expiries) > earliest(old.expiries) ? 'add' : 'same', problems: []};
	const [before = new Uint8Array(), , proof] = kept.blobs;
	const [content = new Uint8Array()] = part.blobs;
	if (!sameBytes(before, content)) return {state: 'refused', problems: ['it is another file than the one that is kept here']};
	return {state: proof === undefined && part.blobs.length > kept.blobs.length ? 'add' : 'same', problems: []};
}

function earliest(expiries: readonly Expiry[]): number {
	return Math.min(Number.POSITIVE_INFINITY, ...expiries.map(({at}) => at));
}
