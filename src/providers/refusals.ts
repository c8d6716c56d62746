import {AppError, exitCodes} from '../errors.ts';
import {redacted} from '../redact.ts';
import {oneLine} from '../text.ts';

/** How errors name a cloud, and how one signs in to it: one step an entry. */
export type CloudWords = {cloud: string; signIn: readonly string[]};

/**
 * What a cloud said, as one harmless line. Only the first line: a refused signature of AWS is explained with the whole request,
 * the session token of the caller among its headers.
 */
export const cloudText = (message: string): string => oneLine(redacted(message.split(/[\r\n]/u, 1)[0] ?? ''), 300);

/** AppError `cloud-credentials` (exit 3): none, expired or unknown ones. `why` is ours or a short code of the cloud, never a credential. */
export const noCredentials = ({cloud, signIn}: CloudWords, why: string): AppError =>
	new AppError(`${cloud} has no valid credentials from here: ${cloudText(why)}`, {
		code: 'cloud-credentials',
		exitCode: exitCodes.preflight,
		next: signIn,
	});

/** AppError `cloud-refused` (exit 4): the cloud understood and said no. */
export const refused = (
	{cloud}: CloudWords,
	what: string,
	{status, reason, message}: {status?: number; reason: string; message: string},
): AppError =>
	new AppError(`${cloud} refused ${what}: ${cloudText(message === '' ? reason : message)}`, {
		code: 'cloud-refused',
		exitCode: exitCodes.infrastructure,
		next: ['Quotas, permissions and stock are the usual reasons; the message above says which.'],
		details: {reason: cloudText(reason), ...(status !== undefined && {status})},
	});

/** AppError `cloud-unreachable` (exit 4): no answer, or only ones that ask to come again, until patience ended. */
export const unreachable = ({cloud}: CloudWords, what: string, reason: string): AppError =>
	new AppError(`${cloud} gives no answer to ${what} (${cloudText(reason)}).`, {
		code: 'cloud-unreachable',
		exitCode: exitCodes.infrastructure,
		next: ['Check the network, HTTPS_PROXY and the status page of the cloud, then run the same command again.'],
		details: {reason: cloudText(reason)},
	});

/** AppError `cloud-unreachable` (exit 4): somebody answers whose certificate nobody signed whom this machine trusts; no token was sent. */
export const untrusted = ({cloud}: CloudWords, what: string): AppError =>
	new AppError(`${cloud} was not asked ${what}: nobody whom this machine trusts signed the certificate of who answers.`, {
		code: 'cloud-unreachable',
		exitCode: exitCodes.infrastructure,
		next: [
			'If the cloud or your proxy has an authority of its own, name its PEM file: NODE_EXTRA_CA_CERTS, for OpenStack `cacert` in clouds.yaml or OS_CACERT.',
		],
		details: {reason: 'unknown-authority'},
	});

/** AppError `cloud-ambiguous` (exit 4): several things where the cluster has one, so that whichever is taken may be somebody else's. */
export const ambiguous = (what: string, found: readonly string[]): AppError =>
	new AppError(`The cloud has ${found.length} of ${what}: ${found.map(each => cloudText(each)).join(', ')}.`, {
		code: 'cloud-ambiguous',
		exitCode: exitCodes.infrastructure,
		next: ['Remove the tags of the cluster from what is not part of it: tags of a cluster must not be copied.'],
	});

export const isCode = (error: unknown, code: string): boolean => error instanceof AppError && error.code === code;
