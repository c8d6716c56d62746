import {z} from 'zod';
import {filled, filledAs} from '../fields.ts';
import {attestationOf} from './attestation.ts';
import {type CloudRules, commonKeys, csiDriver, oneOf} from './common.ts';
import {imageForms} from './forms.ts';

const rules: CloudRules = {
	title: 'AWS',
	// Load balancers have 32 characters; the uid and the longest suffix take the rest.
	nameLimit: 9,
	image: imageForms.aws,
	tagProblem(key, value) {
		if (key === 'Name') return 'belongs to the cluster';
		if (key.startsWith('aws:')) return 'starts with aws:, which is reserved';
		return key.length > 128 || value.length > 256 ? 'is longer than AWS allows (128 and 256 characters)' : undefined;
	},
};

const profile = filled('constellation iam create aws   makes one and writes it here');

export const awsSchema = z.strictObject({
	...commonKeys(rules),
	provider: z.strictObject({
		aws: z.strictObject({
			region: filledAs(
				{pattern: /^[a-z]+(?:-[a-z]+)+-\d+$/, form: 'a region like eu-west-1'},
				'constellation config regions aws   lists some',
			).describe('Region of all machines.'),
			zone: filledAs(
				{pattern: /^[a-z]+(?:-[a-z]+)+-\d+[a-z]$/, form: 'a zone like eu-west-1a'},
				'a zone of the region, like eu-west-1a',
			).describe('Zone of groups that name none, and of the load balancer.'),
			instanceType: filled('constellation config instance-types aws   lists them').describe(
				'Machine type of groups that name none.',
			),
			stateDiskType: oneOf(['gp3', 'gp2', 'io1', 'st1', 'sc1', 'standard']).describe(
				'Type of the state disks: an EBS volume type.',
			),
			iamProfileControlPlane: profile.describe('Instance profile of the control planes, by name.'),
			iamProfileWorkerNodes: profile.describe('Instance profile of the workers, by name.'),
			deployCSIDriver: csiDriver.default(false),
		}),
	}),
	attestation: attestationOf('awsSEVSNP', 'awsNitroTPM'),
});
export type AwsConfig = z.infer<typeof awsSchema>;
