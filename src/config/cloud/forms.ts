import type {AccountKey} from '../account-keys.ts';

/** What a text has to look like, and how that is said. */
export type Form = {pattern: RegExp; form: string};

type Cloud = 'aws' | 'azure' | 'gcp' | 'openstack' | 'stackit';

const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;

const idForm = 'an id in lower-case hex digits, like 01234567-89ab-4cde-8f01-23456789abcd';

/** Forms of what only the owner of an account knows; the others are any text. */
export const accountForms = {
	subscription: {pattern: uuid, form: idForm},
	tenant: {pattern: uuid, form: idForm},
	project: {pattern: /^[a-z][a-z\d-]{4,28}[a-z\d]$/, form: 'the id of a project, not its name or number'},
	serviceAccount: {
		pattern: /^[^@\s]+@[^@\s]+\.gserviceaccount\.com$/,
		form: 'an e-mail like NAME@PROJECT.iam.gserviceaccount.com',
	},
	authURL: {pattern: /^https:\/\//, form: 'an address that starts with https://'},
} satisfies Partial<Record<AccountKey, Form>>;

const imageId: Form = {pattern: uuid, form: 'the id of an image, like 01234567-89ab-4cde-8f01-23456789abcd'};

/** The clouds' own names of images. */
export const imageForms: Readonly<Record<Cloud, Form>> = {
	aws: {pattern: /^ami-[\da-f]{8,17}$/, form: 'an AMI like ami-0123456789abcdef0'},
	azure: {
		pattern:
			/^\/(?:subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.Compute\/|communityGalleries\/|sharedGalleries\/)/,
		form: 'a resource id like /communityGalleries/GALLERY/images/NAME/versions/1.2.3',
	},
	gcp: {
		pattern: /^(?:https:\/\/www\.googleapis\.com\/compute\/v1\/)?projects\/[^/]+\/global\/images\/(?:family\/)?[^/]+$/,
		form: 'a path like projects/PROJECT/global/images/NAME',
	},
	openstack: imageId,
	stackit: imageId,
};

/** What the names of identities may start with. */
export const iamPrefixForms = {
	aws: {
		pattern: /^[A-Za-z\d][\w+=,.@-]{0,35}$/,
		form: '1 to 36 letters, digits and _+=,.@-, and start with a letter or digit',
	},
	azure: {
		pattern: /^[A-Za-z\d][\w-]{0,63}$/,
		form: '1 to 64 letters, digits, hyphens and underscores, and start with a letter or digit',
	},
	gcp: {
		pattern: /^[a-z](?:[a-z\d-]{0,22}[a-z\d])?$/,
		form: '1 to 24 lower-case letters, digits and hyphens, and start with a letter',
	},
} satisfies Partial<Record<Cloud, Form>>;
