import {AppError} from '../../errors.ts';
import {notFound} from '../not-found.ts';
import {type CloudWords, noCredentials, refused, unreachable} from '../refusals.ts';

export const awsWords: CloudWords = {
	cloud: 'AWS',
	signIn: [
		'Run `aws sso login` or `aws configure`, and set AWS_PROFILE if the profile has another name than "default".',
		'Or set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, for temporary keys, AWS_SESSION_TOKEN.',
	],
};

/** Common errors of the Query APIs and those that the SDK's chain of credential providers throws. */
const credentials =
	/^(?:ExpiredToken(?:Exception)?|RequestExpired|InvalidClientTokenId|AuthFailure|UnrecognizedClientException|SignatureDoesNotMatch|IncompleteSignature|MissingAuthenticationToken|CredentialsProviderError|TokenProviderError)$/u;
const missing = /\.NotFound$|NotFoundException$/u;

/** Runs a call of the SDK; what it throws becomes an AppError without anything of the request in it. */
export const asked = async <T>(what: string, call: () => Promise<T>): Promise<T> => {
	try {
		return await call();
	} catch (error) {
		if (error instanceof AppError || !(error instanceof Error)) throw error;
		const status = '$metadata' in error ? (error.$metadata as {httpStatusCode?: number}).httpStatusCode : undefined;
		// EC2 calls an answer that only has a code "UnknownError"; the code is there all the same.
		const reason = 'Code' in error && typeof error.Code === 'string' ? error.Code : error.name;
		if (reason === 'CredentialsProviderError') throw noCredentials(awsWords, 'none were found');
		if (credentials.test(reason)) throw noCredentials(awsWords, `${reason} ${error.message}`);
		if (missing.test(reason)) notFound(what);
		if (status === undefined) throw unreachable(awsWords, what, 'code' in error ? String(error.code) : reason);
		if (status >= 500) throw unreachable(awsWords, what, `status ${status} ${reason}`);
		throw refused(awsWords, what, {status, reason, message: error.message});
	}
};
