import {z} from 'zod';
import {filled, filledAs} from '../fields.ts';
import {attestationOf} from './attestation.ts';
import {type CloudRules, commonKeys, csiDriver, oneOf} from './common.ts';
import {accountForms, imageForms} from './forms.ts';

const rules: CloudRules = {
	title: 'Google Cloud',
	// Names of machines have 58 characters.
	nameLimit: 26,
	image: imageForms.gcp,
	tagProblem: (key, value) =>
		/^[a-z][a-z\d_-]{0,62}$/.test(key) && /^[a-z\d_-]{0,63}$/.test(value)
			? undefined
			: 'must have lower-case letters, digits, dashes and underscores only, 63 at most, and start with a letter',
};

export const gcpSchema = z.strictObject({
	...commonKeys(rules),
	provider: z.strictObject({
		gcp: z
			.strictObject({
				project: filledAs(accountForms.project, 'gcloud projects list').describe('Project id.'),
				region: filledAs(
					{pattern: /^[a-z]+-[a-z]+\d+$/, form: 'a region like europe-west3'},
					'constellation config regions gcp   lists some',
				).describe('Region of all machines.'),
				zone: filledAs(
					{pattern: /^[a-z]+-[a-z]+\d+-[a-z]$/, form: 'a zone like europe-west3-b'},
					'a zone of the region, like europe-west3-b',
				).describe('Zone of groups that name none.'),
				serviceAccount: z
					.string()
					.regex(new RegExp(`^$|${accountForms.serviceAccount.pattern.source}`), {
						error: `must be ${accountForms.serviceAccount.form}`,
					})
					.optional()
					.describe('Service account of the nodes, by e-mail. `constellation iam create gcp` makes one.'),
				serviceAccountKeyPath: z
					.string()
					.optional()
					.describe('Key file of a service account, as v2.9 needs it. Nodes of this tool need no key.'),
				instanceType: filled('constellation config instance-types gcp   lists them').describe(
					'Machine type of groups that name none.',
				),
				stateDiskType: oneOf(['pd-ssd', 'pd-balanced', 'pd-standard']).describe('Type of the state disks.'),
				deployCSIDriver: csiDriver,
			})
			.superRefine(({serviceAccount, serviceAccountKeyPath}, context) => {
				if (serviceAccount || serviceAccountKeyPath) return;
				// Where v2.9 has its own key, that is the one to fill in.
				const path =
					serviceAccount === undefined && serviceAccountKeyPath !== undefined ? 'serviceAccountKeyPath' : 'serviceAccount';
				const message = serviceAccount === undefined && serviceAccountKeyPath === undefined ? 'is missing' : 'is empty';
				const fix = 'constellation iam create gcp   makes a service account and writes it as serviceAccount';
				context.addIssue({code: 'custom', path: [path], message, params: {fix}});
			}),
	}),
	attestation: attestationOf('gcpSEVSNP', 'gcpSEVES'),
});
export type GcpConfig = z.infer<typeof gcpSchema>;
