import {AppError} from '../errors.ts';

/** What clouds say when something fails that a person can change, and what to do. The first that fits counts. */
const causes: readonly [RegExp, string][] = [
	[
		/ExpiredToken|RequestExpired|InvalidClientTokenId|AuthFailure|SSO session|AADSTS\d+|az login|build authorizer|invalid_grant|invalid_rapt|default credentials|no valid credential|token (?:has |is )?expired|\b401\b|Unauthenticated/iu,
		'The credentials are not valid any more: sign in again, then run the same command.',
	],
	[
		/rateLimitExceeded|RequestLimitExceeded|TooManyRequests|Throttling|per minute|\b429\b/iu,
		'The cloud was asked too often: wait some minutes, then run the same command again.',
	],
	[
		/LimitExceeded|LimitReached|quota|InsufficientVcpu|MaxSpotInstance/iu,
		'A quota is used up: have it raised in the console of the cloud, or ask for less in the config, then run the same command.',
	],
	[
		/InsufficientInstanceCapacity|ZONE_RESOURCE_POOL_EXHAUSTED|AllocationFailed|OverconstrainedAllocation|SkuNotAvailable|No valid host/iu,
		'The cloud has no such machine free there: use another zone or instance type, or try again later.',
	],
	[
		/capacity satisfied/iu,
		'The machines did not start in time. Run the same command again to go on; the activity of their group in the console says what they wait for.',
	],
	[
		/iamInstanceProfile|IAM Instance Profile/iu,
		'AWS does not know the instance profile, or not yet: look at its name in the config; a new one takes a minute.',
	],
	[
		/accessNotConfigured|SERVICE_DISABLED|API has not been used|MissingSubscriptionRegistration|OptInRequired/iu,
		'A service of the cloud is not switched on for this account; the message says which. Switch it on, wait some minutes, run the same command.',
	],
	[
		/UnauthorizedOperation|AccessDenied|AuthorizationFailed|PERMISSION_DENIED|forbidden|\b403\b/iu,
		'The identity that is signed in lacks a permission; the message names the call.',
	],
	[
		/InvalidRegion|invalid AWS Region|not a valid region|InvalidAvailabilityZone|LocationNotAvailableForResourceType|supported Azure Locations|Unknown (?:region|zone)|suitable endpoint|could not resolve host|no such host/iu,
		'The cloud does not know this region or zone: correct it in the config, or enable the region for the account.',
	],
	[
		/AlreadyExists|already exists|\b409\b/iu,
		'Something of this name is there already: choose another name or prefix, or remove it.',
	],
	[
		/ResourceGroupNotFound|SubscriptionNotFound|project .* not found|NoSuchEntity/iu,
		'Something that the config names is not there; the message says what. Correct the config, or make it with `constellation iam create`.',
	],
	[
		/ServiceUnavailable|InternalError|InternalFailure|RequestTimeout|timed? ?out|timeout|\b50[0234]\b|connection re(?:set|fused)/iu,
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
