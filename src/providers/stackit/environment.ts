import {openstackEnvironment} from '../openstack/environment.ts';

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
