import test from 'ava';
import {AppError, exitCodes} from '../../src/errors.ts';
import {withAdvice} from '../../src/providers/failure-advice.ts';

/** What the providers of Terraform print, shortened; and the word of the advice that has to follow. */
const said: readonly [string, RegExp][] = [
	['validating provider credentials: StatusCode: 403, api error ExpiredToken: The security token is expired', /sign in again/],
	['No valid credential sources found: no EC2 IMDS role found', /sign in again/],
	['failed to refresh cached credentials, the SSO session has expired or is otherwise invalid', /sign in again/],
	['unable to build authorizer for Resource Manager API: could not configure AzureCli Authorizer', /sign in again/],
	['AADSTS700082: The refresh token has expired due to inactivity', /sign in again/],
	['oauth2: "invalid_grant" "reauth related error (invalid_rapt)"', /sign in again/],
	['Attempted to load application default credentials since neither `credentials` nor `access_token` was set', /sign in again/],
	[
		'Expected HTTP response code [201] when accessing [POST https://keystone/v3/auth/tokens], but got 401 instead',
		/sign in again/,
	],
	['setting up authentication: no valid credentials were found', /sign in again/],
	[
		'googleapi: Error 403: Quota exceeded for quota metric "Queries" and limit "Queries per minute", rateLimitExceeded',
		/too often/,
	],
	['api error Throttling: Rate exceeded', /too often/],
	['api error VcpuLimitExceeded: You have requested more vCPU capacity than your current vCPU limit of 32 allows', /quota/],
	['api error AddressLimitExceeded: The maximum number of addresses has been reached', /quota/],
	['OperationNotAllowed: results in exceeding approved standardDCASv5Family Cores quota', /quota/],
	['PublicIPCountLimitReached: Cannot create more than 10 public IP addresses', /quota/],
	["googleapi: Error 403: Quota 'N2D_CPUS' exceeded. Limit: 24.0 in region europe-west3., quotaExceeded", /quota/],
	['403: Quota exceeded for instances: Requested 5, but already used 10 of 10 instances', /quota/],
	['api error InsufficientInstanceCapacity: We currently do not have sufficient capacity', /no such machine free/],
	['SkuNotAvailable: The requested size is currently not available in location', /no such machine free/],
	['ZONE_RESOURCE_POOL_EXHAUSTED: does not have enough resources available', /no such machine free/],
	[
		'Error waiting for instance to become ready: No valid host was found. There are not enough hosts available.',
		/no such machine/,
	],
	['waiting for Auto Scaling Group (x) capacity satisfied: timeout while waiting for state', /did not start in time/],
	['ValidationError: Invalid IAM Instance Profile name', /instance profile/],
	['Error 403: Compute Engine API has not been used in project 1 before or it is disabled., accessNotConfigured', /switched on/],
	['MissingSubscriptionRegistration: The subscription is not registered to use namespace Microsoft.Network', /switched on/],
	['api error UnauthorizedOperation: You are not authorized to perform this operation', /lacks a permission/],
	['AuthorizationFailed: The client does not have authorization to perform action', /lacks a permission/],
	["Error 403: Required 'compute.networks.create' permission for 'projects/demo', forbidden", /lacks a permission/],
	['invalid AWS Region: eu-wrong-9', /region or zone/],
	['location "mars" was not found in the list of supported Azure Locations', /region or zone/],
	["Invalid value for field 'region': 'mars'. Unknown region.", /region or zone/],
	['No suitable endpoint could be found in the service catalog.', /region or zone/],
	['api error EntityAlreadyExists: Role with name demo_role already exists.', /there already/],
	['ResourceGroupNotFound: Resource group "demo" could not be found.', /not there/],
	['api error ServiceUnavailable: 503', /status page/],
	['Post "https://ec2.eu-west-1.amazonaws.com/": dial tcp: connection refused', /status page/],
];

const failure = (message: string, code = 'terraform-failed') =>
	new AppError('Terraform apply failed.', {
		code,
		exitCode: exitCodes.infrastructure,
		problems: [{path: 'aws_vpc.cluster', message}],
		next: ['Run the same command again.'],
	});

test('what a cloud says is followed by what to do about it, then by how to go on and how to remove it', t => {
	for (const [message, advice] of said) {
		const {next} = withAdvice(failure(message), 'remove it') as AppError;
		t.regex(next[0] ?? '', advice, message);
		t.deepEqual(next.slice(1), ['Run the same command again.', 'remove it'], message);
	}
});

test('what nobody knows gets no advice; what is no failure of Terraform stays as it is', t => {
	t.deepEqual((withAdvice(failure('the moon is full'), 'remove it') as AppError).next, [
		'Run the same command again.',
		'remove it',
	]);
	const other = failure('quota', 'state-locked');
	t.is(withAdvice(other, 'remove it'), other);
});
