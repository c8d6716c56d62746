import type {GoogleAuth} from 'google-auth-library';
import {AppError} from '../../errors.ts';
import {type CloudWords, noCredentials} from '../refusals.ts';

export const googleWords: CloudWords = {
	cloud: 'Google Cloud',
	signIn: [
		'Run `gcloud auth application-default login` (`gcloud auth login` alone is not enough).',
		'Or set GOOGLE_APPLICATION_CREDENTIALS to the file of a service account or of a workload identity federation.',
	],
};

/**
 * Headers of an identity: the access token, and the project that quota is counted on. What the library throws has the
 * whole request to the token server in it, refresh token and all: only its short code is told (RFC 6749 section 5.2).
 */
export const googleHeaders =
	(auth: Pick<GoogleAuth, 'getRequestHeaders'>) =>
	async (url: string): Promise<Headers> => {
		try {
			return await auth.getRequestHeaders(url);
		} catch (error) {
			if (error instanceof AppError) throw error;
			const found = error instanceof Error ? /\binvalid_\w+|could not load the default credentials/iu.exec(error.message) : null;
			throw noCredentials(googleWords, found?.[0] ?? 'they could not be read or exchanged for a token');
		}
	};
