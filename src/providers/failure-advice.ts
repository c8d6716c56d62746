import {AppError} from '../errors.ts';

/** What clouds say when something fails that a person can change, and what to do. The first that fits counts. */
const causes: readonly [RegExp, string][] = [
	[
		/ExpiredToken|RequestExpired|InvalidClientTokenId|AuthFailure|AADSTS\d+|invalid_grant|invalid_rapt|token (?:has |is )?expired|\b401\b|Unauthenticated/iu,
		'The credentials are not valid any more: sign in again, then run the same command.',
	],
	[
		/LimitExceeded|QuotaExceeded|Quota '|quota|InsufficientVcpu|MaxSpotInstance|AddressLimitExceeded/iu,
		'A quota is used up: have it raised in the console of the cloud, or ask for less in the config, then run the same command.',
	],
	[
		/InsufficientInstanceCapacity|ZONE_RESOURCE_POOL_EXHAUSTED|AllocationFailed|SkuNotAvailable|No valid host/iu,
		'The cloud has no such machine free there: use another zone or instance type, or try again later.',
	],
	[
		/UnauthorizedOperation|AccessDenied|AuthorizationFailed|PERMISSION_DENIED|forbidden|\b403\b/iu,
		'The identity that is signed in lacks a permission; the message names the call.',
	],
	[
		/InvalidRegion|not a valid region|InvalidAvailabilityZone|LocationNotAvailableForResourceType|Unknown region|could not resolve host|no such host/iu,
		'The cloud does not know this region or zone: correct it in the config, or enable the region for the account.',
	],
	[
		/AlreadyExists|EntityAlreadyExists|already exists|\b409\b/iu,
		'Something of this name is there already: choose another name or prefix, or remove it.',
	],
	[
		/ServiceUnavailable|InternalError|InternalFailure|RequestTimeout|timed? ?out|timeout|\b50[0234]\b|connection reset/iu,
		'The cloud had a fault of its own: look at its status page, then run the same command again.',
	],
];

/** A failure of Terraform with what a person can do about its cause; anything else as it is. */
export function withAdvice(error: unknown, cleanUp: string): unknown {
	if (!(error instanceof AppError) || error.code !== 'terraform-failed') return error;
	const text = [error.message, ...error.problems.map(({message}) => message)].join('\n');
	const advice = causes.find(([pattern]) => pattern.test(text))?.[1];
	return new AppError(error.message, {
		code: error.code,
		exitCode: error.exitCode,
		problems: error.problems,
		details: error.details,
		next: [...(advice === undefined ? [] : [advice]), ...error.next, cleanUp],
		cause: error,
	});
}
