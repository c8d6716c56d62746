import {MalformedError} from '../../attestation/bytes.ts';
import {verifyAzureVersions} from '../measurements/azure-versions.ts';
import type {Part} from './part.ts';
import type {Anchors, PartVerdict} from './verdict.ts';
import {verifyAmdCertificates, verifyAmdList} from './verify-amd.ts';
import {verifyCloudList, verifyIssuer} from './verify-cloud.ts';
import {verifyMeasurementsPart} from './verify-measurements.ts';
import {verifyTdxPart} from './verify-tdx.ts';

/** Checks a part against what this machine has pinned: where it came from counts for nothing. Never throws for bad content. */
export function verifyPart(part: Part, anchors: Anchors): PartVerdict {
	try {
		return verifiers[part.kind](part, anchors);
	} catch (error) {
		if (error instanceof MalformedError) return {problems: [`it cannot be read (${error.message})`], expiries: []};
		throw error;
	}
}

const verifiers: Readonly<Record<Part['kind'], (part: Part, anchors: Anchors) => PartVerdict>> = {
	measurements: verifyMeasurementsPart,
	'azure-snp-versions': ({name, blobs}) => ({problems: verifyAzureVersions(name, blobs), expiries: []}),
	'amd-certificates': verifyAmdCertificates,
	'amd-revocation-list': verifyAmdList,
	tdx: verifyTdxPart,
	certificate: verifyIssuer,
	'revocation-list': verifyCloudList,
};
