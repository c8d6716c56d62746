import {z} from 'zod';
import type {CloudWords} from '../refusals.ts';
import {noCredentials, refused} from '../refusals.ts';
import {type Rest, restClient, shaped} from '../rest.ts';
import type {CloudWorld} from '../world.ts';

export const openstackWords: CloudWords = {
	cloud: 'OpenStack',
	signIn: [
		'Name the entry of clouds.yaml in the config (`provider.openstack.cloud`); it is looked for here, in ~/.config/openstack and in /etc/openstack.',
		'Or set OS_AUTH_URL with OS_APPLICATION_CREDENTIAL_ID and OS_APPLICATION_CREDENTIAL_SECRET, or with OS_USERNAME, OS_PASSWORD, OS_USER_DOMAIN_NAME and OS_PROJECT_ID.',
	],
};

/** One entry of clouds.yaml, or the OS_* variables in the same names (openstacksdk). */
export const cloudEntrySchema = z.object({
	region_name: z.string().optional(),
	/** PEM file of the authorities to trust. */
	cacert: z.string().optional(),
	auth: z.object({
		auth_url: z.string(),
		application_credential_id: z.string().optional(),
		application_credential_secret: z.string().optional(),
		token: z.string().optional(),
		username: z.string().optional(),
		password: z.string().optional(),
		user_domain_name: z.string().optional(),
		user_domain_id: z.string().optional(),
		project_id: z.string().optional(),
		project_name: z.string().optional(),
		project_domain_name: z.string().optional(),
		project_domain_id: z.string().optional(),
	}),
});
export type CloudEntry = z.infer<typeof cloudEntrySchema>;

export type Session = {
	project: string;
	user: string;
	/** A service of the catalogue: `compute`, `image`. Throws AppError `cloud-refused` where the cloud has none. */
	service: (type: string) => Rest;
};

const tokenSchema = z.object({
	token: z.object({
		project: z.object({id: z.string(), name: z.string()}).optional(),
		user: z.object({name: z.string()}),
		catalog: z
			.array(
				z.object({
					type: z.string(),
					endpoints: z.array(z.object({interface: z.string(), region_id: z.string().nullish(), url: z.string()})),
				}),
			)
			.default([]),
	}),
});

/** Signs in at Keystone (Identity API v3, POST /v3/auth/tokens). */
export const openstackSession = async (
	entry: CloudEntry,
	world: Pick<CloudWorld, 'fetch' | 'wait'>,
	region = entry.region_name,
): Promise<Session> => {
	const base = entry.auth.auth_url.replace(/\/+$/u, '').replace(/(?:\/v3)?$/u, '/v3');
	const keystone = restClient({...openstackWords, ...world, base, headers: () => Promise.resolve(new Headers())});
	const signIn = () => keystone('POST', 'auth/tokens', {body: {auth: authOf(entry)}});
	const first = await signIn();
	const {project, user, catalog} = shaped(tokenSchema, first, openstackWords, 'the sign-in').token;
	let token = first.headers.get('x-subject-token') ?? '';
	if (project === undefined) throw noCredentials(openstackWords, 'they are for no project');
	const headers = async (_url: string, fresh: boolean) => {
		if (fresh) token = (await signIn()).headers.get('x-subject-token') ?? '';
		// Tags of servers came with 2.26 (Queens).
		return new Headers({'x-auth-token': token, 'x-openstack-nova-api-version': '2.26'});
	};
	return {
		project: project.name,
		user: user.name,
		service(type) {
			const endpoints = catalog.filter(each => each.type === type).flatMap(each => each.endpoints);
			const found = endpoints.find(each => each.interface === 'public' && (region === undefined || each.region_id === region));
			if (found === undefined) {
				const message = `its catalogue has no service ${type}${region === undefined ? '' : ` in region ${region}`}`;
				throw refused(openstackWords, type, {reason: 'no-service', message});
			}
			return restClient({...openstackWords, ...world, base: found.url.replace(/\/+$/u, ''), headers});
		},
	};
};

const authOf = ({auth}: CloudEntry) => {
	if (auth.application_credential_id !== undefined && auth.application_credential_secret !== undefined) {
		const application_credential = {id: auth.application_credential_id, secret: auth.application_credential_secret};
		return {identity: {methods: ['application_credential'], application_credential}};
	}
	const project =
		auth.project_id === undefined
			? {
					name: auth.project_name,
					domain: domainOf(auth.project_domain_id ?? auth.user_domain_id, auth.project_domain_name ?? auth.user_domain_name),
				}
			: {id: auth.project_id};
	if (auth.token !== undefined) return {identity: {methods: ['token'], token: {id: auth.token}}, scope: {project}};
	if (auth.username === undefined || auth.password === undefined)
		throw noCredentials(openstackWords, 'there is neither a password nor an application credential');
	const user = {name: auth.username, password: auth.password, domain: domainOf(auth.user_domain_id, auth.user_domain_name)};
	return {identity: {methods: ['password'], password: {user}}, scope: {project}};
};

const domainOf = (id: string | undefined, name: string | undefined) => (id === undefined ? {name: name ?? 'Default'} : {id});
