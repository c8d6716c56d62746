/** A key of a provider section that only the owner of the account knows. */
export type AccountField = {
	key: AccountKey;
	label: string;
	/** Flag of `config generate` without dashes; its variable follows from it. */
	flag: string;
	/** What it looks like, or where it is found. */
	hint: string;
	/** Variable that the cloud's own tools take it from; what stands there is suggested. */
	known?: string;
	/** May stay empty. */
	optional?: boolean;
};

/** Keys of the account that a cluster belongs to. */
export const accountKeys = [
	...(['subscription', 'tenant', 'project', 'cloud', 'floatingIPPoolID', 'stateDiskType', 'authURL', 'projectID'] as const),
	...(['projectName', 'userDomainName', 'projectDomainName', 'regionName', 'username'] as const),
] as const;
/** Keys of the identities that nodes have; `constellation iam create` makes them. */
export const identityKeys = [
	...(['iamProfileControlPlane', 'iamProfileWorkerNodes', 'resourceGroup', 'userAssignedIdentity', 'serviceAccount'] as const),
] as const;
export type AccountKey = (typeof accountKeys)[number] | (typeof identityKeys)[number];

type Cloud = 'aws' | 'azure' | 'gcp' | 'openstack' | 'stackit';

const projectOfStack: readonly AccountField[] = [
	{
		key: 'projectID',
		label: 'Project id',
		flag: 'project-id',
		hint: 'openstack project show NAME -c id',
		known: 'OS_PROJECT_ID',
	},
	{
		key: 'projectName',
		label: 'Project name',
		flag: 'project-name',
		hint: 'as the openrc file has it',
		known: 'OS_PROJECT_NAME',
	},
	{key: 'username', label: 'User', flag: 'username', hint: 'who the cluster’s controllers log in as', known: 'OS_USERNAME'},
];

const openstack: readonly AccountField[] = [
	{
		key: 'cloud',
		label: 'Cloud',
		flag: 'cloud',
		hint: 'entry of clouds.yaml; empty: the OS_* variables',
		known: 'OS_CLOUD',
		optional: true,
	},
	{key: 'authURL', label: 'Keystone', flag: 'auth-url', hint: 'an address that starts with https://', known: 'OS_AUTH_URL'},
	...projectOfStack,
	{
		key: 'userDomainName',
		label: 'User domain',
		flag: 'user-domain',
		hint: 'as the openrc file has it',
		known: 'OS_USER_DOMAIN_NAME',
	},
	{
		key: 'projectDomainName',
		label: 'Project domain',
		flag: 'project-domain',
		hint: 'as the openrc file has it',
		known: 'OS_PROJECT_DOMAIN_NAME',
	},
	{
		key: 'regionName',
		label: 'Region',
		flag: 'region-name',
		hint: 'as the openrc file has it',
		known: 'OS_REGION_NAME',
	},
	{key: 'floatingIPPoolID', label: 'Address pool', flag: 'floating-ip-pool', hint: 'openstack network list --external'},
	{key: 'stateDiskType', label: 'Volume type', flag: 'disk-type', hint: 'openstack volume type list'},
];

/** Whose account a cluster belongs to, by cloud; the credentials alone do not say it. */
export const accountFields: Readonly<Record<Cloud, readonly AccountField[]>> = {
	aws: [],
	azure: [
		{
			key: 'subscription',
			label: 'Subscription',
			flag: 'subscription',
			hint: 'az account show --query id',
			known: 'ARM_SUBSCRIPTION_ID',
		},
		{key: 'tenant', label: 'Tenant', flag: 'tenant', hint: 'az account show --query tenantId', known: 'ARM_TENANT_ID'},
	],
	gcp: [{key: 'project', label: 'Project', flag: 'project', hint: 'gcloud projects list', known: 'GOOGLE_CLOUD_PROJECT'}],
	openstack,
	stackit: projectOfStack,
};

/** The identities that nodes have in a cloud; none where machines have none. */
export const identityFields: Readonly<Record<Cloud, readonly AccountField[]>> = {
	aws: [
		{
			key: 'iamProfileControlPlane',
			label: 'Control planes',
			flag: 'control-plane-profile',
			hint: 'name of an instance profile',
		},
		{key: 'iamProfileWorkerNodes', label: 'Workers', flag: 'worker-profile', hint: 'name of an instance profile'},
	],
	azure: [
		{key: 'resourceGroup', label: 'Resource group', flag: 'resource-group', hint: 'az group list --query "[].name"'},
		{
			key: 'userAssignedIdentity',
			label: 'Identity',
			flag: 'identity',
			hint: '/subscriptions/…/userAssignedIdentities/NAME',
		},
	],
	gcp: [
		{
			key: 'serviceAccount',
			label: 'Service account',
			flag: 'service-account',
			hint: 'NAME@PROJECT.iam.gserviceaccount.com',
		},
	],
	openstack: [],
	stackit: [],
};

/** The variable of the tool's own that sets a flag. */
export const variableOf = (flag: string): string => `CONSTELLATION_${flag.toUpperCase().replaceAll('-', '_')}`;
