import {z} from 'zod';
import {Secret} from '../../secret.ts';
import {filled, filledAs} from '../fields.ts';
import {attestationOf} from './attestation.ts';
import {type CloudRules, commonKeys, csiDriver} from './common.ts';
import {accountForms, imageForms} from './forms.ts';

const rules: CloudRules = {
	title: 'OpenStack',
	nameLimit: 26,
	image: imageForms.openstack,
	tagProblem: (key, value) =>
		key.includes(',') || value.includes(',') || `${key}=${value}`.length > 60
			? 'must have at most 60 characters together with its value, and no comma'
			: undefined,
};

const entry = 'as the cloud’s openrc file or clouds.yaml has it';

/** OpenStack; with `cloud: stackit` it is STACKIT, which adds a load balancer of its own. */
export const openstackSchema = z.strictObject({
	...commonKeys(rules),
	provider: z.strictObject({
		openstack: z
			.strictObject({
				cloud: z
					.string()
					.default('')
					.describe('Entry of clouds.yaml to log in with; empty: OS_* variables. `stackit` makes a cluster on STACKIT.'),
				availabilityZone: filled('openstack availability zone list').describe('Zone of groups that name none.'),
				flavorID: filled('openstack flavor list; machines need SEV and a TPM').describe('Flavor of groups that name none.'),
				floatingIPPoolID: filled('openstack network list --external').describe('Network that public addresses come from, by id.'),
				stateDiskType: filled('openstack volume type list').describe('Volume type of the state disks.'),
				authURL: filledAs(accountForms.authURL, entry).describe('Address of Keystone.'),
				projectID: filled(entry).describe('Project id.'),
				projectName: filled(entry).describe('Project name.'),
				userDomainName: filled(entry).describe('Domain of the user.'),
				projectDomainName: filled(entry).describe('Domain of the project.'),
				regionName: filled(entry).describe('Region.'),
				username: filled(entry).describe('User that the cluster’s own controllers log in with.'),
				password: z
					.string()
					.transform(text => (text === '' ? undefined : new Secret(Buffer.from(text))))
					.optional()
					.describe('Password of that user. Better empty and in CONSTELL_OS_PASSWORD: this file is no place for secrets.'),
				directDownload: z
					.boolean()
					.describe('Whether the cloud fetches the image itself. Without effect for images that are there.'),
				deployYawolLoadBalancer: z.boolean().describe('Whether yawol makes load balancers for Kubernetes services.'),
				yawolImageID: z.string().optional().describe('Image of yawol’s machines, by id.'),
				yawolFlavorID: z.string().optional().describe('Flavor of yawol’s machines, by id.'),
				deployCSIDriver: csiDriver,
				stackitProjectID: z.string().optional().describe('STACKIT only: project id of the load balancer. Without it: projectID.'),
				dnsServers: z.array(z.ipv4()).max(4).default([]).describe('Name servers of the nodes. Empty: those of the cloud.'),
			})
			.superRefine(({deployYawolLoadBalancer, yawolImageID, yawolFlavorID}, context) => {
				for (const [key, value] of Object.entries({yawolImageID, yawolFlavorID}))
					if (deployYawolLoadBalancer && value === undefined)
						context.addIssue({
							code: 'custom',
							path: [key],
							message: 'is missing',
							params: {fix: 'add it, or set deployYawolLoadBalancer to false'},
						});
			}),
	}),
	attestation: attestationOf('qemuVTPM'),
});
export type OpenstackConfig = z.infer<typeof openstackSchema>;
