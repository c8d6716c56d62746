import test from 'ava';
import {clouds} from '../../src/providers/clouds.ts';
import {withCloudsFile} from '../../src/providers/openstack/environment.ts';

/** Environment, files that exist, and where the credentials are said to come from. */
const cases: readonly [keyof typeof clouds, NodeJS.ProcessEnv, readonly string[], string | undefined][] = [
	['aws', {}, [], undefined],
	['aws', {AWS_ACCESS_KEY_ID: 'a'}, [], undefined],
	['aws', {AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b'}, [], 'AWS_ACCESS_KEY_ID'],
	['aws', {AWS_PROFILE: 'mine'}, ['/home/me/.aws/config'], 'profile mine of /home/me/.aws/config'],
	['azure', {}, [], undefined],
	['gcp', {}, [], undefined],
	['gcp', {}, ['/home/me/.config/gcloud/application_default_credentials.json'], 'application default credentials'],
	['openstack', {}, [], undefined],
	['openstack', {OS_AUTH_URL: 'https://keystone'}, [], 'OS_AUTH_URL'],
	['openstack', {}, ['/home/me/.config/openstack/clouds.yaml'], '/home/me/.config/openstack/clouds.yaml'],
	['openstack', {XDG_CONFIG_HOME: '/x'}, ['/x/openstack/clouds.yaml'], '/x/openstack/clouds.yaml'],
	// The machines of STACKIT are OpenStack's, its load balancer is its own: half of the credentials would make half of a cluster.
	['stackit', {OS_AUTH_URL: 'https://keystone'}, [], undefined],
	['stackit', {STACKIT_SERVICE_ACCOUNT_KEY_PATH: 'key.json'}, [], undefined],
	[
		'stackit',
		{OS_AUTH_URL: 'https://keystone', STACKIT_SERVICE_ACCOUNT_KEY_PATH: 'key.json'},
		[],
		'OS_AUTH_URL and STACKIT_SERVICE_ACCOUNT_KEY_PATH',
	],
	[
		'stackit',
		{OS_AUTH_URL: 'https://keystone'},
		['/home/me/.stackit/credentials.json'],
		'OS_AUTH_URL and /home/me/.stackit/credentials.json',
	],
];

test('credentials are found where the tools of each cloud look, and told by that place, never by their value', t => {
	for (const [cloud, env, files, place] of cases) {
		t.is(
			clouds[cloud].credentials(env, '/home/me', file => files.includes(file)),
			place,
			`${cloud} ${JSON.stringify(env)} ${files.join()}`,
		);
		if (place === undefined) t.not(clouds[cloud].signIn, '');
	}
});

test('a clouds.yaml of the workspace is found by Terraform, which runs below it, unless another one is named', t => {
	const isFile = (file: string) => file === '/w/clouds.yaml';
	const here = withCloudsFile({}, '/w', isFile);
	t.is(here['OS_CLIENT_CONFIG_FILE'], '/w/clouds.yaml');
	t.true(clouds.openstack.environment.includes('OS_CLIENT_CONFIG_FILE'), 'Terraform may see it');
	t.is(clouds.openstack.credentials(here, '/home/me', isFile), '/w/clouds.yaml');
	t.deepEqual(withCloudsFile({}, '/elsewhere', isFile), {});
	t.is(withCloudsFile({OS_CLIENT_CONFIG_FILE: '/mine.yaml'}, '/w', isFile)['OS_CLIENT_CONFIG_FILE'], '/mine.yaml');
});
