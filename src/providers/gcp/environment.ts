/** What the google provider of Terraform may see of the environment. Not GOOGLE_PROJECT and its like: the config names the project. */
export const gcpEnvironment = [
	'GOOGLE_APPLICATION_CREDENTIALS',
	'GOOGLE_CREDENTIALS',
	'GOOGLE_OAUTH_ACCESS_TOKEN',
	'GOOGLE_IMPERSONATE_SERVICE_ACCOUNT',
	'GOOGLE_BILLING_PROJECT',
	'USER_PROJECT_OVERRIDE',
	'CLOUDSDK_CONFIG',
];

/** Where credentials of Google Cloud are found; undefined where there are none. `isFile`: whether a path exists. */
export function gcpCredentials(env: NodeJS.ProcessEnv, home: string, isFile: (path: string) => boolean): string | undefined {
	for (const name of ['GOOGLE_OAUTH_ACCESS_TOKEN', 'GOOGLE_CREDENTIALS', 'GOOGLE_APPLICATION_CREDENTIALS'])
		if (env[name]) return name;
	const file = `${env['CLOUDSDK_CONFIG'] ?? `${home}/.config/gcloud`}/application_default_credentials.json`;
	return isFile(file) ? 'application default credentials' : undefined;
}
