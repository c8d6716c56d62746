/** What the azurerm provider of Terraform may see of the environment. Not ARM_SUBSCRIPTION_ID: the config names the subscription. */
export const azureEnvironment = [
	'ARM_CLIENT_ID',
	'ARM_CLIENT_ID_FILE_PATH',
	'ARM_CLIENT_SECRET',
	'ARM_CLIENT_SECRET_FILE_PATH',
	'ARM_CLIENT_CERTIFICATE',
	'ARM_CLIENT_CERTIFICATE_PATH',
	'ARM_CLIENT_CERTIFICATE_PASSWORD',
	'ARM_TENANT_ID',
	'ARM_ENVIRONMENT',
	'ARM_METADATA_HOSTNAME',
	'ARM_USE_CLI',
	'ARM_USE_MSI',
	'ARM_MSI_ENDPOINT',
	'ARM_USE_OIDC',
	'ARM_OIDC_TOKEN',
	'ARM_OIDC_TOKEN_FILE_PATH',
	'ARM_OIDC_REQUEST_TOKEN',
	'ARM_OIDC_REQUEST_URL',
	'ARM_USE_AKS_WORKLOAD_IDENTITY',
	'ACTIONS_ID_TOKEN_REQUEST_TOKEN',
	'ACTIONS_ID_TOKEN_REQUEST_URL',
	'AZURE_CONFIG_DIR',
];

/** Where credentials of Azure are found; undefined where there are none. `isFile`: whether a path exists. */
export function azureCredentials(env: NodeJS.ProcessEnv, home: string, isFile: (path: string) => boolean): string | undefined {
	if (env['ARM_CLIENT_ID']) return 'ARM_CLIENT_ID';
	for (const name of ['ARM_USE_MSI', 'ARM_USE_OIDC', 'ARM_USE_AKS_WORKLOAD_IDENTITY']) if (env[name]) return name;
	return isFile(`${env['AZURE_CONFIG_DIR'] ?? `${home}/.azure`}/azureProfile.json`) ? 'Azure CLI' : undefined;
}
