import {openstackCredentials, openstackEnvironment} from '../openstack/environment.ts';

/** What the providers of Terraform for STACKIT may see of the environment: the load balancer has an API of its own. */
export const stackitEnvironment = [
	...openstackEnvironment,
	'STACKIT_SERVICE_ACCOUNT_TOKEN',
	'STACKIT_SERVICE_ACCOUNT_KEY',
	'STACKIT_SERVICE_ACCOUNT_KEY_PATH',
	'STACKIT_PRIVATE_KEY',
	'STACKIT_PRIVATE_KEY_PATH',
	'STACKIT_CREDENTIALS_PATH',
];

/**
 * Where credentials of STACKIT are found: those of OpenStack for the machines, and a service account for the load balancer. Undefined where
 * either is missing: half of them would only do for half of a cluster. `isFile`: whether a path exists.
 */
export function stackitCredentials(env: NodeJS.ProcessEnv, home: string, isFile: (path: string) => boolean): string | undefined {
	const machines = openstackCredentials(env, home, isFile);
	const named = ['STACKIT_SERVICE_ACCOUNT_TOKEN', 'STACKIT_SERVICE_ACCOUNT_KEY', 'STACKIT_SERVICE_ACCOUNT_KEY_PATH'].find(
		name => env[name],
	);
	const file = env['STACKIT_CREDENTIALS_PATH'] ?? `${home}/.stackit/credentials.json`;
	const balancer = named ?? (isFile(file) ? file : undefined);
	return machines === undefined || balancer === undefined ? undefined : `${machines} and ${balancer}`;
}
