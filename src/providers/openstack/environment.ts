/** What the openstack provider of Terraform may see of the environment. Not OS_INSECURE: certificates of the cloud are checked. */
export const openstackEnvironment = [
	'OS_CLOUD',
	'OS_CLIENT_CONFIG_FILE',
	'OS_AUTH_URL',
	'OS_USERNAME',
	'OS_USER_ID',
	'OS_PASSWORD',
	'OS_TOKEN',
	'OS_PROJECT_ID',
	'OS_PROJECT_NAME',
	'OS_TENANT_ID',
	'OS_TENANT_NAME',
	'OS_USER_DOMAIN_ID',
	'OS_USER_DOMAIN_NAME',
	'OS_PROJECT_DOMAIN_ID',
	'OS_PROJECT_DOMAIN_NAME',
	'OS_DOMAIN_ID',
	'OS_DOMAIN_NAME',
	'OS_APPLICATION_CREDENTIAL_ID',
	'OS_APPLICATION_CREDENTIAL_NAME',
	'OS_APPLICATION_CREDENTIAL_SECRET',
	'OS_REGION_NAME',
	'OS_INTERFACE',
	'OS_CACERT',
	'OS_CERT',
	'OS_KEY',
];

/**
 * The environment in which a clouds.yaml of the workspace is found: Terraform looks where it runs, which is a folder below. `isFile`:
 * whether a path exists.
 */
export function withCloudsFile(env: NodeJS.ProcessEnv, folder: string, isFile: (path: string) => boolean): NodeJS.ProcessEnv {
	const file = `${folder}/clouds.yaml`;
	return env['OS_CLIENT_CONFIG_FILE'] || !isFile(file) ? env : {...env, OS_CLIENT_CONFIG_FILE: file};
}

/** Where credentials of OpenStack are found; undefined where there are none. `isFile`: whether a path exists. */
export function openstackCredentials(
	env: NodeJS.ProcessEnv,
	home: string,
	isFile: (path: string) => boolean,
): string | undefined {
	if (env['OS_AUTH_URL']) return 'OS_AUTH_URL';
	const files = [
		env['OS_CLIENT_CONFIG_FILE'] ?? '',
		`${env['XDG_CONFIG_HOME'] ?? `${home}/.config`}/openstack/clouds.yaml`,
		'/etc/openstack/clouds.yaml',
	];
	return files.find(file => file !== '' && isFile(file));
}
