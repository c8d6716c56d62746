import {z} from 'zod';
import {filled, filledAs} from '../fields.ts';
import {attestationOf} from './attestation.ts';
import {type CloudRules, commonKeys, csiDriver, oneOf} from './common.ts';
import {accountForms, imageForms} from './forms.ts';

const rules: CloudRules = {
	title: 'Azure',
	// The prefix of the names of machines has 58 characters.
	nameLimit: 26,
	image: imageForms.azure,
	tagProblem(key, value) {
		if (/[<>%&\\?/]/.test(key)) return 'has one of the characters that Azure does not allow: < > % & \\ ? /';
		return key.length > 512 || value.length > 256 ? 'is longer than Azure allows (512 and 256 characters)' : undefined;
	},
};

export const azureSchema = z.strictObject({
	...commonKeys(rules),
	provider: z.strictObject({
		azure: z.strictObject({
			subscription: filledAs(accountForms.subscription, 'az account show --query id').describe('Subscription id.'),
			tenant: filledAs(accountForms.tenant, 'az account show --query tenantId').describe('Tenant id.'),
			location: filledAs(
				{pattern: /^[a-z\d]+$/, form: 'a location like westeurope'},
				'constellation config regions azure   lists some',
			).describe('Location of all machines.'),
			resourceGroup: filled('constellation iam create azure   makes one').describe('Resource group; it has to exist.'),
			userAssignedIdentity: filled('constellation iam create azure   makes one').describe(
				'Identity of the nodes: a resource id, /subscriptions/…/userAssignedIdentities/NAME.',
			),
			instanceType: filled('constellation config instance-types azure   lists them').describe('Size of groups that name none.'),
			stateDiskType: oneOf(['Premium_LRS', 'Premium_ZRS', 'StandardSSD_LRS', 'StandardSSD_ZRS', 'Standard_LRS']).describe(
				'Type of the state disks.',
			),
			deployCSIDriver: csiDriver,
			secureBoot: z.boolean().describe('Whether machines start with secure boot; false for images that bring their own keys.'),
		}),
	}),
	attestation: attestationOf('azureSEVSNP', 'azureTDX', 'azureTrustedLaunch'),
});
export type AzureConfig = z.infer<typeof azureSchema>;
