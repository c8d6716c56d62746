import {type Fields, wordIn} from './json-fields.ts';

/** Intel's words for the state of a platform, a TDX module or a quoting enclave (PCS API v4, appendix A), best first. */
export const tcbStatuses = [
	'UpToDate',
	'SWHardeningNeeded',
	'ConfigurationNeeded',
	'ConfigurationAndSWHardeningNeeded',
	'OutOfDate',
	'OutOfDateConfigurationNeeded',
	'Revoked',
] as const;
export type TcbStatus = (typeof tcbStatuses)[number];

/** What Intel says of one level. A word that is not known here stays unknown; it is neither good nor bad. */
export type Assessment = {status: TcbStatus | 'Unknown'; advisories: readonly string[]};

const maximumAdvisories = 64;

/** Status and advisories of a TCB level. Throws MalformedError. */
export function readAssessment(level: Fields): Assessment {
	const word = wordIn(level, 'tcbStatus');
	const listed: unknown = level['advisoryIDs'];
	const advisories: readonly unknown[] = Array.isArray(listed) ? listed : [];
	return {
		status: tcbStatuses.find(status => status === word) ?? 'Unknown',
		advisories: advisories.slice(0, maximumAdvisories).filter(isAdvisory),
	};
}

function isAdvisory(value: unknown): value is string {
	return typeof value === 'string' && /^INTEL-[A-Z]{2,4}-\d{5}$/.test(value);
}

/**
 * One answer from those on the platform, its TDX module and its quoting enclave, as Intel's verification library joins them: the
 * worst counts, and an outdated part of a platform that also needs configuration gives both.
 */
export function joinAssessments(platform: Assessment, ...parts: readonly Assessment[]): Assessment {
	const all = [platform, ...parts];
	const advisories = [...new Set(all.flatMap(assessment => assessment.advisories))];
	return {
		status: joinedStatus(
			platform.status,
			parts.map(({status}) => status),
		),
		advisories,
	};
}

function joinedStatus(platform: Assessment['status'], parts: readonly Assessment['status'][]): Assessment['status'] {
	if (platform === 'Revoked' || parts.includes('Revoked')) return 'Revoked';
	// Modules and enclaves have three states; another word there says something that is not known here.
	if (platform === 'Unknown' || !parts.every(status => status === 'UpToDate' || status === 'OutOfDate')) return 'Unknown';
	if (!parts.includes('OutOfDate')) return platform;
	const needsConfiguration = platform.startsWith('Configuration') || platform === 'OutOfDateConfigurationNeeded';
	return needsConfiguration ? 'OutOfDateConfigurationNeeded' : 'OutOfDate';
}
