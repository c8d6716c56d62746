/** What the aws provider of Terraform may see of the environment beside what every run sees: credentials and where they come from. */
export const awsEnvironment = [
	'AWS_ACCESS_KEY_ID',
	'AWS_SECRET_ACCESS_KEY',
	'AWS_SESSION_TOKEN',
	'AWS_PROFILE',
	'AWS_CONFIG_FILE',
	'AWS_SHARED_CREDENTIALS_FILE',
	'AWS_ROLE_ARN',
	'AWS_ROLE_SESSION_NAME',
	'AWS_WEB_IDENTITY_TOKEN_FILE',
	'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
	'AWS_CONTAINER_CREDENTIALS_FULL_URI',
	'AWS_CONTAINER_AUTHORIZATION_TOKEN',
	'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
	'AWS_EC2_METADATA_DISABLED',
	'AWS_CA_BUNDLE',
	'AWS_USE_FIPS_ENDPOINT',
	'AWS_USE_DUALSTACK_ENDPOINT',
	// For clouds that speak the API of AWS.
	'AWS_ENDPOINT_URL',
];

/** Where credentials of AWS are found, in the order of its SDKs; undefined where there are none. `isFile`: whether a path exists. */
export function awsCredentials(env: NodeJS.ProcessEnv, home: string, isFile: (path: string) => boolean): string | undefined {
	const profile = env['AWS_PROFILE'];
	if (env['AWS_ACCESS_KEY_ID'] && env['AWS_SECRET_ACCESS_KEY']) return 'AWS_ACCESS_KEY_ID';
	if (env['AWS_WEB_IDENTITY_TOKEN_FILE']) return 'AWS_WEB_IDENTITY_TOKEN_FILE';
	if (env['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'] || env['AWS_CONTAINER_CREDENTIALS_FULL_URI']) return 'the container';
	const files = [
		env['AWS_SHARED_CREDENTIALS_FILE'] ?? `${home}/.aws/credentials`,
		env['AWS_CONFIG_FILE'] ?? `${home}/.aws/config`,
	];
	const found = files.find(isFile);
	return found === undefined ? undefined : `profile ${profile ?? 'default'} of ${found}`;
}
